# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much of a stranger's file is read before it is refused."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds for one source. Sizes in bytes, times in seconds; chosen so that every real
    file met so far is far below them and no single file can take the machine."""

    file_size: int = 512 * MIB  # a source as uploaded
    rows: int = 1_000_000  # rows of one table
    columns: int = 500  # columns of one table
    cell_chars: int = 100_000  # one cell; longer ones leave their row out
    record_chars: int = 2 * MIB  # one row with its quoted line ends
    json_size: int = 64 * MIB  # a JSON document, read whole
    json_depth: int = 64  # nesting of [ and {
    xml_size: int = 128 * MIB
    xml_depth: int = 100
    xml_elements: int = 2_000_000
    archive_members: int = 50_000
    archive_member_size: int = 512 * MIB  # one member unpacked, counted while unpacking
    archive_total_size: int = 4096 * MIB  # all members unpacked
    archive_ratio: int = 200  # unpacked : packed, beyond the first MiB
    archive_depth: int = 1  # archives inside archives
    sheet_size: int = 256 * MIB  # an XLSX unpacked, all parts
    items: int = 1_000_000  # what one source may yield
    inline_file: int = 4 * MIB  # a file that travels as bytes, not by path
    kdf_memory: int = 256 * MIB  # Argon2 of a KDBX, in bytes
    kdf_rounds: int = 60_000_000  # AES-KDF of a KDBX
    kdf_iterations: int = 5_000_000  # PBKDF2 of a Bitwarden export
    # The child process that parses (sandbox.py)
    memory: int = 1024 * MIB  # RLIMIT_AS
    cpu_seconds: int = 300  # RLIMIT_CPU
    wall_seconds: float = 600.0
    idle_seconds: float = 120.0  # between two items
    written_file: int = 512 * MIB  # RLIMIT_FSIZE, one file in the spool
    wire_line: int = 8 * MIB  # one item on the pipe
