"""The program against the plain flattening: every row, every count, whatever comes."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st
from plain import TABLES, Unreadable, first_copies, identity, outcome
from plain_values import Misfit, Pairs, fit, instant_text, parse
from program import comparable, run
from strategies import DAY, INTERVAL, blocks, law


def assert_same(records, **options):
    made, plain = run(records, DAY, INTERVAL, **options), outcome(records, DAY, INTERVAL)
    for table in TABLES:
        name = table["name"]
        ours = comparable(made.tables[name], plain=False)
        theirs = comparable(plain.tables[name], plain=True)
        assert len(ours) == len(theirs), name
        for row, expected in zip(ours, theirs, strict=True):
            assert {k: v for k, v in row.items() if v != expected[k]} == {
                k: v for k, v in expected.items() if v != row[k]
            }, name
            assert list(row) == list(expected)
    assert sorted(record for _, record in made.rejected) == sorted(plain.rejected)
    counts = made.counts
    assert counts.received == len(records)
    assert counts.exported == len(plain.kept)
    assert counts.of_other_days == plain.other_days
    assert counts.duplicates == plain.duplicates
    assert counts.rejected == len(plain.rejected)
    assert counts.drift == plain.drift
    assert counts.unknown_fields == plain.unknown
    assert counts.open == sum(row["is_open"] for row in plain.tables["conversations"])


def cells(tables) -> list:
    """Return every value of every table, lists opened, attributes and `_extra` parsed."""
    found = []
    for rows in tables.values():
        for row in rows:
            for column, value in row.items():
                if column in ("_extra", "attribute_value") and value is not None:
                    found += leaves_of_text(value)
                else:
                    found += value if isinstance(value, list) else [value]
    return found


def leaves_of_text(text: str) -> list:
    try:
        return [text, *leaves(parse(text))]
    except ValueError:
        return [text]


def leaves(value):
    """Yield every scalar of a JSON value but null, doubled keys' included."""
    if isinstance(value, Pairs):
        for _, one in value.pairs:
            yield from leaves(one)
    elif isinstance(value, list):
        for one in value:
            yield from leaves(one)
    elif value is not None:
        yield value


def spellings(leaf) -> list:
    """Return how a scalar may stand in a table: as it is, as a number, as canonical instant."""
    found = [leaf]
    for kind in ("int64", "float64", "timestamp[ms, UTC]"):
        with suppress(Misfit):
            value = fit(leaf, kind)
            found.append(instant_text(value) if kind.startswith("time") else value)
    return found


@law(400)
@given(blocks())
def test_the_program_and_the_plain_flattening_agree_row_by_row(records):
    assert_same(first_copies(records, INTERVAL))


@law(60)
@given(blocks(12), st.lists(st.integers(0, 12), max_size=4))
def test_pages_cut_differently_make_the_same_rows(records, cuts):
    records = first_copies(records, INTERVAL)
    assert_same(records, cuts=[min(cut, len(records)) for cut in cuts])


@law(100)
@given(blocks(3))
def test_no_leaf_of_an_exported_record_is_lost(records):
    records = first_copies(records, INTERVAL)
    made = run(records, DAY, INTERVAL)
    exported = outcome(records, DAY, INTERVAL).kept
    there = set(map(repr, cells(made.tables)))
    for record in exported:
        lost = [
            leaf
            for leaf in leaves(parse(record.decode()))
            if there.isdisjoint(map(repr, spellings(leaf)))
        ]
        assert lost == []


@law(60)
@given(blocks(6), st.randoms(use_true_random=False), st.integers(0, 6))
def test_the_digest_is_the_same_in_any_order_and_changes_with_any_record(records, rng, cut):
    distinct = list({name: raw for raw in records if (name := readable_id(raw))}.values())
    shuffled = list(distinct)
    rng.shuffle(shuffled)
    whole = run(distinct, DAY, INTERVAL)
    again = run(shuffled, DAY, INTERVAL, cuts=[min(cut, len(shuffled))])
    assert again.digest == whole.digest
    assert again.counts == whole.counts
    if distinct and (kept := outcome(distinct, DAY, INTERVAL).kept):
        assert (
            run([raw for raw in distinct if raw != kept[0]], DAY, INTERVAL).digest != whole.digest
        )


def readable_id(raw: bytes) -> str | None:
    try:
        return identity(raw)[0]
    except Unreadable:
        return None
