# SPDX-License-Identifier: Apache-2.0
"""Ed25519 verification (RFC 8032 5.1.7) with the standard library alone.

Strict and cofactorless: S < L; A and R in canonical encoding; A and R not of small order.
Verification touches no secret, so constant time is not needed. There is no signing here:
keys belong to a key store.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
D2 = 2 * D % P
_SQRT_M1 = pow(2, (P - 1) // 4, P)

Point = tuple[int, int, int, int]  # extended coordinates X, Y, Z, T
IDENTITY: Point = (0, 1, 1, 0)


def _add(a: Point, b: Point) -> Point:
    x1, y1, z1, t1 = a
    x2, y2, z2, t2 = b
    m = (y1 - x1) * (y2 - x2) % P
    n = (y1 + x1) * (y2 + x2) % P
    c = t1 * D2 % P * t2 % P
    d = 2 * z1 * z2 % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def _double(a: Point) -> Point:
    x, y, z, _ = a
    s = x * x % P
    t = y * y % P
    h = s + t
    e = h - (x + y) * (x + y)
    g = s - t
    f = 2 * z * z + g
    e %= P
    f %= P
    return e * f % P, g * h % P, f * g % P, e * h % P


def _decompress(data: bytes) -> Point:
    """The point of a canonical encoding; ValueError for any other bytes (RFC 8032 5.1.3)."""
    y = int.from_bytes(data, "little")
    sign = y >> 255
    y &= (1 << 255) - 1
    if y >= P:
        raise ValueError("not canonical")
    u = (y * y - 1) % P
    v = (D * y * y + 1) % P
    x = u * pow(v, 3, P) * pow(u * pow(v, 7, P), (P - 5) // 8, P) % P
    square = v * x * x % P
    if square != u:
        if square != -u % P:
            raise ValueError("not on the curve")
        x = x * _SQRT_M1 % P
    if x == 0 and sign:
        raise ValueError("not canonical")
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _small_order(point: Point) -> bool:
    # X = 0 holds for the identity and the point of order two; 8P is never the latter, as the
    # curve's torsion is cyclic of order eight.
    return _double(_double(_double(point)))[0] == 0


def _window(point: Point) -> list[Point]:
    table = [IDENTITY, point]
    for _ in range(14):
        table.append(_add(table[-1], point))
    return table


@lru_cache(maxsize=1)
def _base_tables() -> list[list[Point]]:
    """16 multiples of B at each of the 64 four-bit places: made once, then [S]B needs no doubling."""
    point = _decompress(bytes.fromhex("58" + "66" * 31))
    tables = []
    for _ in range(64):
        table = _window(point)
        tables.append(table)
        point = _add(table[15], point)
    return tables


@lru_cache(maxsize=64)
def _public(key: bytes) -> list[Point] | None:
    """Multiples of -A, or None if the key is not acceptable."""
    try:
        x, y, z, t = _decompress(key)
    except ValueError:
        return None
    if _small_order((x, y, z, t)):
        return None
    return _window((-x % P, y, z, -t % P))


@lru_cache(maxsize=1024)
def verify(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """True if ``signature`` (64 bytes) is that of ``message`` by ``public_key`` (32 bytes).

    Remembers its last answers: the same checkpoint stands in many proofs.
    """
    if len(public_key) != 32 or len(signature) != 64:
        return False
    r_bytes, s = signature[:32], int.from_bytes(signature[32:], "little")
    table = _public(public_key)
    if table is None or s >= L:
        return False
    try:
        r = _decompress(r_bytes)
    except ValueError:
        return False
    if _small_order(r):
        return False
    k = int.from_bytes(hashlib.sha512(r_bytes + public_key + message).digest(), "little") % L
    total = IDENTITY
    for shift in range(252, -1, -4):
        total = _double(_double(_double(_double(total))))
        digit = (k >> shift) & 15
        if digit:
            total = _add(total, table[digit])
    for place, multiples in enumerate(_base_tables()):
        digit = (s >> (4 * place)) & 15
        if digit:
            total = _add(total, multiples[digit])
    # [S]B - [k]A must be R itself: compare in projective coordinates.
    x, y, z, _ = total
    return (x - r[0] * z) % P == 0 and (y - r[1] * z) % P == 0
