"""Fuzzing of decode and CSV: a corpus that is always replayed, and mutations without end.

Longer, with other examples each time:
`pytest tests/fuzz --hypothesis-profile=soak --timeout=0`
"""

from __future__ import annotations

import json
from datetime import timedelta
from functools import cache
from pathlib import Path
from random import Random

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import mutated
from oracle import check, read
from strategies import START, Maker, law

from genesys_simulator import World
from genesys_simulator.times import Span, to_ms

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.json"))
SOAK = settings().max_examples > 1_000  # its profile was asked for


def bounded(examples: int):
    """Settings: so many examples, the same on every run; in a soak 25 times as many, all new."""
    return settings(max_examples=25 * examples) if SOAK else law(examples)


@cache
def real() -> list[bytes]:
    """Records as the simulator's world has them: every medium, every oddity of real life."""
    world = World.generated(seed=3, per_day=300).at(START + timedelta(2))
    day = Span(to_ms(START), to_ms(START + timedelta(1)))
    return world.render(list(world.positions(day, day.start_ms)), attributes=True)


@pytest.fixture(scope="module")
def read_by_duckdb(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "rows.csv.gz"
    with duckdb.connect() as database:

        def read_back(packed: bytes, names: tuple[str, ...]) -> list[tuple]:
            path.write_bytes(packed)
            return database.execute(
                "SELECT * FROM read_csv(?, header=true, delim=',', quote='\"', escape='\"',"
                " all_varchar=true, allow_quoted_nulls=false, compression='gzip',"
                " new_line='\\n', auto_detect=false, columns=?, max_line_size=67108864)",
                [str(path), dict.fromkeys(names, "VARCHAR")],
            ).fetchall()

        yield read_back


@pytest.mark.parametrize("file", CORPUS, ids=lambda file: file.stem)
def test_a_case_of_the_corpus_holds(file, read_by_duckdb):
    kept = json.loads(file.read_text("utf-8"))
    assert kept["story"]
    check([read(one) for one in kept["records"]], read_by_duckdb)


@bounded(120)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_real_records_mutated_hold(seed, many):
    rng = Random(seed)
    records = [mutated(rng.choice(real()), rng) for _ in range(many)]
    check([*records, *rng.choices(records, k=rng.random() < 0.2)])


@bounded(160)
@given(st.integers(0, 2**32), st.integers(1, 4))
def test_odd_records_mutated_hold(seed, many):
    rng, maker = Random(seed), Maker(seed, odd=0.02, fill=0.05)
    check([mutated(maker.record(), rng) for _ in range(many)])


@bounded(15)
@given(st.integers(0, 2**32))
def test_mutated_records_come_back_from_duckdb(read_by_duckdb, seed):
    rng, maker = Random(seed), Maker(seed, odd=0.05, fill=0.05)
    records = [rng.choice(real()), maker.record(), rng.choice(real()), maker.record()]
    check([mutated(one, rng) for one in records], read_by_duckdb)


@bounded(60)
@given(st.lists(st.binary(max_size=60), max_size=6))
def test_bytes_of_any_kind_hold(records):
    check(records)
