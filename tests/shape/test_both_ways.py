"""Odd records read both ways, in one block and by the exact path alone: equal to the last byte."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from program import DATASET, HEAD, packed_tables, record
from strategies import DAY, INTERVAL, Maker, law

from genesys_export.datasets import record_shape
from genesys_export.days import Interval
from genesys_export.decode import CopyResolver
from genesys_export.decode.blocks import Blocks
from genesys_export.decode.triage import Triage, Verdict
from genesys_export.flatten import Flattener
from genesys_export.model import Block

SHAPE = record_shape(DATASET)
WITHIN = Interval(INTERVAL.start, INTERVAL.end)
TIME = re.compile(rb'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{3})Z"')


def more(text: bytes):
    return lambda raw: raw[:-1] + b"," + text + b"}"


def inside(name: bytes, text: bytes):
    """Put a field before every field of that name."""
    return lambda raw: re.sub(b'"%b" ?:' % name, lambda found: text + b"," + found[0], raw)


def indented(raw: bytes) -> bytes:
    return raw.replace(b',"', b' ,\n\t"').replace(b":{", b" :\r\n{").replace(b'":', b'" : ')


ODDITIES = {
    "none": lambda raw: raw,
    "unknown": more(b'"novelty":{"b": [1.50, "x y"],"a":null}'),
    "unknown null": more(b'"novelty":null'),
    "unknown text": more(rb'"novelty":"caf\u00e9 \"x\" \\"'),
    "unknown, twice": more(b'"novelty":1,"novelty":2'),
    "unknown, deep": more(b'"novelty":' + b"[" * 60 + b"]" * 60),
    "unknown, another": more(b'"another.field":-0,"a":1E5'),
    "unknown in segments": inside(b"segmentStart", b'"novelty":[true]'),
    "unknown in metrics": inside(b"value", b'"unit":"ms","novelty":0'),
    "unknown in flow": inside(b"flowId", b'"novelty":"in flow"'),
    "unknown, key escaped": more(rb'"nov\u0065lty":7'),
    "unknown beside a lookalike": more(
        b'"novelty":"a","externalTag":"\\"novelty\\":\\"a\\"","divisionIds":["novelty"]'
    ),
    "drift": more(b'"selfServed":"yes"'),
    "whole number": lambda raw: re.sub(rb'"value": ?(\d+)', rb'"value":\1.0', raw),
    "large number": more(b'"conferenceCount":9223372036854775808'),
    "attribute": inside(b"purpose", b'"attributes":{"n":1,"o":{"x" : [null]},"t":"t","z":null}'),
    "attribute doubled": inside(b"purpose", b'"attributes":{"n":1,"n":"2"}'),
    "attributes spaced": inside(b"purpose", b'"attributes" : { "a" : "b" , "c" : true }'),
    "no milliseconds": lambda raw: TIME.sub(rb'"\1Z"', raw),
    "offset": lambda raw: TIME.sub(rb'"\1.\g<2>000+01:00"', raw),
    "no instant": more(b'"conversationEnd":"2026-02-30T00:00:00.000Z"'),
    "other no instant": inside(b"purpose", b'"sessions":[{"segments":[{"segmentEnd":"soon"}]}]'),
    "blanks": indented,
    "surrogate": more(b'"externalTag":"\\ud800"'),
    "surrogate, unknown": more(b'"novelty":"\\udc00"'),
    "control": more(b'"externalTag":"\x01"'),
    "no UTF-8": more(b'"novelty":"\xff"'),
    "broken": more(b'"participants":7'),
}


def triaged(records):
    triage = Triage(WITHIN, CopyResolver(DATASET, WITHIN))
    judged = [triage.judge(raw) for raw in records]
    return [one for one in judged if one.verdict is Verdict.OURS]


def tables_of(decoded) -> dict[str, bytes]:
    """Return every table's CSV: what it says, not how ISA-L happened to pack it."""
    block = Block(decoded.conversations, decoded.attributes, ())
    packed = packed_tables(Flattener(DATASET, DAY).flatten(block))
    return {name: gzip.decompress(one) for name, one in packed.items()}


def told(decoded):
    """Return what is told of a block beside its rows."""
    unknown: list[Counter] = [Counter(one) for one in decoded.unknown]
    return decoded.drift, unknown, [(one.record, why) for one, why in decoded.broken]


def assert_read_alike(records, cuts=()):
    """Read in the blocks given, one after another, so that what is learnt comes into play."""
    ours = triaged(records)
    blocks = Blocks(SHAPE)
    edges = [0, *sorted(min(cut, len(ours)) for cut in cuts), len(ours)]
    for start, end in pairwise(edges):
        run = ours[start:end]
        made, exact = blocks.read(run), Blocks(SHAPE).exactly(run)
        made.conversations.validate(full=True)
        assert told(made) == told(exact)
        assert tables_of(made) == tables_of(exact)


BASE = record(
    externalTag="a",
    participants=[
        {
            "participantId": "p1",
            "purpose": "agent",
            "sessions": [
                {
                    "mediaType": "voice",
                    "flow": {"flowId": "f1", "flowName": "main"},
                    "segments": [
                        {"segmentStart": "2026-11-22T08:00:00.000Z", "segmentType": "interact"},
                        {"segmentStart": "2026-11-22T08:00:01.500Z", "queueId": "q1"},
                    ],
                    "metrics": [{"name": "tTalk", "value": 7}, None],
                },
                None,
            ],
        },
        None,
        {"purpose": "customer", "attributes": {"a": "1", "b": 'x "attributes":{} y'}},
    ],
)  # fmt: skip


def numbered(number: int) -> bytes:
    return BASE.replace(b'"c1"', b'"n%d"' % number)


@pytest.mark.parametrize("share", [1, 3, 40], ids=["every", "a third", "one of forty"])
@pytest.mark.parametrize("kind", ODDITIES)
def test_each_oddity_alone_is_read_as_the_exact_path_reads_it(kind, share):
    records = [
        ODDITIES[kind](numbered(n)) if n % share == share // 2 else numbered(n) for n in range(81)
    ]
    assert len(triaged(records)) >= 81 - 81 // share - 1
    assert_read_alike(records, cuts=[27, 54])


choices = st.lists(st.sampled_from(sorted(ODDITIES)), max_size=3)


@law(200)
@given(st.lists(choices, min_size=1, max_size=9), st.lists(st.integers(0, 9), max_size=2))
def test_oddities_mixed_are_read_as_the_exact_path_reads_them(kinds, cuts):
    records = []
    for number, several in enumerate(kinds):
        raw = numbered(number)
        for kind in several:
            raw = ODDITIES[kind](raw)
        records.append(raw)
    assert_read_alike(records, cuts)


@law(150)
@given(
    st.lists(
        st.tuples(st.integers(0, 2**32), st.sampled_from((0.0, 0.01, 0.1))),
        min_size=1,
        max_size=6,
    ),
    choices,
    st.lists(st.integers(0, 6), max_size=2),
)
def test_any_records_made_odd_are_read_as_the_exact_path_reads_them(seeds, several, cuts):
    records = [Maker(seed, odd=odd).record() for seed, odd in seeds]
    for kind in several:
        records = [ODDITIES[kind](raw) for raw in records]
    assert_read_alike(records, cuts)


def test_what_is_learnt_stays_out_of_the_way_of_a_name_that_is_declared_elsewhere():
    odd = [more(b'"queueId":%d' % n)(numbered(n)) for n in range(30)]
    assert_read_alike(odd, cuts=[10, 20])


def test_a_record_can_name_the_field_that_the_program_uses_itself():
    planted = json.dumps(HEAD | {"genesys-export:extra": "{}", "conversationId": "x"}).encode()
    assert_read_alike([ODDITIES["drift"](numbered(1)), planted, numbered(2)])
