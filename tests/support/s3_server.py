# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real S3 server process for tests and benchmarks: moto (Apache-2.0) in server mode, started and ended by us.

Its default accepts any secret; here signatures and permissions are checked from the first request on (a wrong secret is
``SignatureDoesNotMatch``). It has versioning, delete markers, incomplete uploads, Object Lock (governance, compliance,
legal hold) and pages. tests/support/s3_child.py says which of its listings are corrected, and why.

What it cannot prove: that a storage is durable or really wipes anything; real throttling, expiring credentials and broken
connections (tests/support/s3_faults.py answers these in front of it); replication and lifecycle rules being *carried out*;
eventual consistency; names in the address (virtual-hosted buckets); TLS; keys with a line
break or that XML cannot say; who is refused a question about a bucket's settings (moto takes several for one permission).
"""

import json
import subprocess
import sys
import threading
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from partwell.connectors.secret import Secret

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class S3Server:
    """Address and the keys of an administrator; ``client`` is boto3's, ``place`` is ours."""

    endpoint: str
    region: str
    access_key: str
    secret: str = field(repr=False)
    process: subprocess.Popen[str] = field(repr=False)
    _client: Any = field(default=None, repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def client(self, **other: Any) -> Any:
        """boto3's client for this server; ``endpoint_url``, ``aws_secret_access_key`` … may be others."""
        if not other:
            if self._client is None:
                self._client = self.client(
                    region_name=self.region
                )  # making one takes longer than most questions
            return self._client
        import boto3
        from botocore.config import Config

        named = {
            "endpoint_url": self.endpoint, "region_name": self.region, "aws_access_key_id": self.access_key,
            "aws_secret_access_key": self.secret, "config": Config(signature_version="s3v4", s3={"addressing_style": "path"}),
        }  # fmt: skip
        return boto3.session.Session().client("s3", **{**named, **other})

    def make_bucket(self, *, versioning: bool = False, lock: bool = False) -> str:
        """A new bucket's name. ``lock`` switches Object Lock on, and with it versioning."""
        name, client = f"bucket-{uuid.uuid4().hex[:12]}", self.client()
        client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        if versioning or lock:
            client.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
        return name

    def place(self, bucket: str, prefix: str = "", **other: Any) -> Any:
        """Our :class:`S3Place` on it, as administrator and without waiting; empty prefix: the whole bucket."""
        from partwell.connectors.s3 import S3Place

        named: dict[str, Any] = {
            "endpoint": self.endpoint, "region": self.region, "bucket": bucket, "prefix": prefix, "access_key": self.access_key,
            "secret": Secret(self.secret), "whole_bucket": not prefix, "sleep": lambda seconds: None,
        }  # fmt: skip
        return S3Place(**{**named, **other})

    def user(self, *statements: dict[str, Any]) -> tuple[str, str]:
        """Access key and secret of a new user who may do what the statements allow (moto reads no resource of them)."""
        made = self.order(verb="user", policy={"Version": "2012-10-17", "Statement": list(statements)})
        return made["access_key"], made["secret"]

    def fill(self, bucket: str, prefix: str, count: int) -> None:
        """``count`` small objects below the prefix, put there inside of the server."""
        self.order(verb="fill", bucket=bucket, prefix=prefix, count=count)

    def uploads(self, bucket: str, prefix: str, count: int, keys: int) -> None:
        """``count`` incomplete uploads below the prefix, spread over ``keys`` names."""
        self.order(verb="uploads", bucket=bucket, prefix=prefix, count=count, keys=keys)

    def order(self, **what: Any) -> dict[str, Any]:
        """One line to the process, one answer from it."""
        assert self.process.stdin is not None and self.process.stdout is not None
        with self._lock:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline() or '{"problem": "it ended"}')
        if "problem" in answer:
            raise RuntimeError(f"The S3 server could not {what['verb']}: {answer['problem']}")
        return answer

    def stop(self) -> None:
        """End the process."""
        if self.process.stdin is not None:
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start() -> S3Server:
    """A server on a free port of loopback; about two seconds."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.s3_child"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )  # fmt: skip
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise RuntimeError(
            f"The S3 server did not start (exit code {process.wait()}); its words stand above."
        )
    said = json.loads(line)
    return S3Server(
        f"http://127.0.0.1:{said['port']}", said["region"], said["access_key"], said["secret"], process
    )


@pytest.fixture(scope="session")
def s3_server() -> Iterator[S3Server]:
    """One server a test process; buckets of their own keep tests apart."""
    server = start()
    yield server
    server.stop()
