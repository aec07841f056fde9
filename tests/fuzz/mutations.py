"""Valid records made invalid, a little at a time: what a fuzzer does to bytes and to JSON.

Knows JSON's tokens, not the records' fields. Everything is drawn from one seeded Random, so an
example is its seed.
"""

from __future__ import annotations

import re
from random import Random

TOKEN = re.compile(rb'"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[\[\]{},:]')
VALUES = (
    b"null",
    b"true",
    b"0",
    b"-0",
    b"2.0",
    b"1e400",
    b"-1e-400",
    b"9223372036854775808",
    b"1" * 40,
    b'""',
    b'"2026-11-22T08:00:00Z"',
    b'"2026-11-22T08:00:00.123456+01:00"',
    b'"0001-01-01T00:00:00.000Z"',
    b'"\\ud83d"',
    b'"\\u0000"',
    b'"a\\"b,\\r\\nc"',
    b'"attributes"',
    b"[]",
    b"{}",
    b"[null]",
    b'[{"a":[{}]}]',
    b'{"":{"":""}}',
    b'{"a":1,"a":2}',
    b"[" * 30 + b"]" * 30,
)
BYTES = (b"\x00", b"\xff", b"\xc3", b"\xed\xa0\x80", b'"', b"\\", b"{", b"]", b",", b"\n", b"\r")


def mutated(raw: bytes, rng: Random) -> bytes:
    """Return the record after one to four mutations, now and then none."""
    for _ in range(rng.choice((0, 1, 1, 1, 2, 3, 4))):
        raw = rng.choice(MUTATIONS)(raw or b" ", rng)
    return raw


def flip_a_bit(raw: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + bytes([raw[at] ^ 1 << rng.randrange(8)]) + raw[at + 1 :]


def cut_off(raw: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] if rng.random() < 0.5 else raw[at:]


def leave_out(raw: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + raw[at + rng.randint(1, 40) :]


def put_in(raw: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(raw))
    return raw[:at] + rng.choice(BYTES) + raw[at:]


def repeat(raw: bytes, rng: Random) -> bytes:
    at, length = rng.randrange(len(raw)), rng.randint(1, 200)
    return raw[: at + length] + raw[at:]


def swap_a_value(raw: bytes, rng: Random) -> bytes:
    """Put another value where one stands; the record stays JSON, mostly."""
    values = [one for one in TOKEN.finditer(raw) if one[0] not in b"[]{},:"]
    values = [one for one in values if raw[one.end() : one.end() + 2].lstrip()[:1] != b":"]
    return _replaced(raw, rng.choice(values), rng.choice(VALUES)) if values else raw


def rename_a_key(raw: bytes, rng: Random) -> bytes:
    keys = _keys(raw)
    if not keys:
        return raw
    other = rng.choice((b'"x"', b'""', b'"\\ud800"', b'"a.b"', rng.choice(keys)[1]))
    one = rng.choice(keys)
    return raw[: one.start(1)] + other + raw[one.end(1) :]


def double_a_key(raw: bytes, rng: Random) -> bytes:
    keys = _keys(raw)
    if not keys:
        return raw
    one = rng.choice(keys)
    return raw[: one.start()] + one[1] + b":" + rng.choice(VALUES) + b"," + raw[one.start() :]


def _keys(raw: bytes) -> list[re.Match[bytes]]:
    return list(re.finditer(rb'("(?:[^"\\]|\\.)*")\s*:', raw))


def _replaced(raw: bytes, token: re.Match[bytes], other: bytes) -> bytes:
    return raw[: token.start()] + other + raw[token.end() :]


MUTATIONS = (
    flip_a_bit,
    cut_off,
    leave_out,
    put_in,
    repeat,
    *[swap_a_value] * 4,
    *[rename_a_key] * 2,
    *[double_a_key] * 2,
)
