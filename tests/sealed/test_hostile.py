# SPDX-License-Identifier: Apache-2.0
"""Whatever the input, the verifier answers with findings or says that it is unusable; it never breaks."""

import contextlib
import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealed import container
from sealed.container import Member
from sealed.findings import Unusable
from sealed.verify import verify, verify_zip
from tests.sealed.fakelog import VECTORS, make_bundle, make_signer

KEY = make_signer().vkey
BUNDLE = make_bundle()

edits = st.lists(
    st.tuples(st.integers(0, len(BUNDLE)), st.integers(0, 60), st.binary(max_size=60)), min_size=1, max_size=4
)


@given(edits)
@settings(max_examples=400, deadline=None)
def test_spliced_containers_are_found(changes: list[tuple[int, int, bytes]]) -> None:
    data = BUNDLE
    for at, cut, new in changes:
        data = data[:at] + new + data[at + cut :]
    report = verify_zip(io.BytesIO(data), len(data), KEY)
    assert report.ok == (data == BUNDLE)


@given(
    st.binary(max_size=300),
    st.sampled_from([b"", b"PK\x03\x04", b"c2sp.org/tlog-proof@v1\n", b'{"disclosures"', b"o\n1\n"]),
)
@settings(max_examples=200, deadline=None)
def test_any_file_is_answered(tmp_path_factory: pytest.TempPathFactory, data: bytes, start: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any-file"
    path.write_bytes(start + data)
    with contextlib.suppress(Unusable):
        assert not verify(path, str(KEY)).ok


@pytest.mark.parametrize("size", [2**31, 2**32, 2**63, 2**64 - 1])
def test_sizes_that_lie_cost_nothing(size: int) -> None:
    member = Member("b/data/x", size, 0)
    pieces = [record for _, record in container.directory([(member, 0)], 60)]
    for data in (container.local_header(member), container.local_header(member) + b"x" + b"".join(pieces)):
        report = verify_zip(io.BytesIO(data), len(data), KEY)
        assert not report.ok
        assert any(finding.code == "container-truncated" for finding in report.findings)


@pytest.mark.parametrize(
    "name", ["../evil", "/etc/passwd", "b/../../x", "b\\x", "b/data/con", "x" * 299, "b/", "b//x"]
)
def test_names_that_climb_are_named_and_never_opened(name: str) -> None:
    members = [(Member("b/bagit.txt", 0, 0), 0), (Member(name, 0, 0), 30 + 11)]
    data = b"".join(container.local_header(m) for m, _ in members)
    data += b"".join(record for _, record in container.directory(members, len(data)))
    report = verify_zip(io.BytesIO(data), len(data), KEY)
    assert any(finding.code == "container-name" for finding in report.findings)


def test_bags_of_the_public_suite_are_answered() -> None:
    """None of them is sealed, so none holds; invalid ones or not, each is answered with findings."""
    suite = VECTORS / "bagit-conformance-suite"
    if not suite.is_dir():
        pytest.skip("the public bags are not here (PARTWELL_INPUTS)")
    bags = {path.parent for path in suite.rglob("bagit.txt")}
    assert len(bags) > 20
    for folder in sorted(bags):
        assert not verify(Path(folder)).ok
