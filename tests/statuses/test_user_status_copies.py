"""Which copy of a period counts: by plain loops, whatever order the copies come in."""

from __future__ import annotations

from collections import defaultdict

import pyarrow as pa
from hypothesis import example, given
from hypothesis import strategies as st

from genesys_export.flatten.copies import in_order

few = st.integers(0, 2)
maybe = st.one_of(st.none(), st.sampled_from(["a", "b"]))
rows = st.lists(st.tuples(few, few, st.one_of(st.none(), few), maybe, maybe), max_size=14)


def weight(row):
    """Return what a copy says: the more, the greater."""
    end, *texts = row[2:]
    return end is not None, end or 0, [(text is not None, text or "") for text in texts]


@given(drawn=rows)
@example(drawn=[(0, 0, 1, "b", None), (0, 0, 1, "a", None), (0, 0, 1, "b", None)])
@example(drawn=[(0, 0, None, "a", None), (0, 0, 1, "b", "x"), (0, 0, 1, "b", None)])
def test_of_each_user_and_start_the_copy_that_says_most_counts(drawn):
    table = pa.table(
        {
            "start": pa.array([row[1] for row in drawn], pa.int64()),
            "end": pa.array([row[2] for row in drawn], pa.int64()),
            "value": pa.array([row[3] for row in drawn], pa.string()).dictionary_encode(),
            "extra": pa.array([row[4] for row in drawn], pa.string()),
        }
    )
    users = pa.chunked_array([pa.array([row[0] for row in drawn], pa.int32())])
    found = in_order(table, users, ["value", "extra"])
    copies = defaultdict(list)
    for row in drawn:
        copies[row[:2]].append(row)
    chosen = [max(copies[key], key=weight) for key in sorted(copies)]
    assert [drawn[place] for place in found.places.to_pylist()] == chosen
    assert found.duplicates == len(drawn) - len(copies)
    assert found.differing == sum(len({*each}) - 1 for each in copies.values())
