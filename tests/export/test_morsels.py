"""A page in runs: all of it, in order, none larger than it must be."""

from hypothesis import given
from hypothesis import strategies as st

from genesys_export.export.reading import morsels


@given(st.lists(st.integers(1, 4 << 20), max_size=40))
def test_a_page_is_cut_without_loss_and_in_order(sizes):
    block = bytes(4 << 20)
    records = [memoryview(block)[:size] for size in sizes]
    runs = list(morsels(records, 6 << 20))
    assert [id(record) for run in runs for record in run] == [id(record) for record in records]
    assert all(runs)


def test_a_page_of_ten_mebibytes_is_cut_in_two():
    records = [bytes(10_600)] * 1_000
    assert [len(run) for run in morsels(records, 6 << 20)] == [500, 500]


def test_a_record_larger_than_a_run_is_a_run():
    records = [bytes(30 << 20)]
    assert list(morsels(records, 6 << 20)) == [records]


def test_an_empty_page_has_no_runs():
    assert list(morsels([], 6 << 20)) == []
