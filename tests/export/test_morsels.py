"""A page in runs: all of it, in order, none larger than it must be."""

from hypothesis import given
from hypothesis import strategies as st

from genesys_export.feeds.records import joined, morsels
from genesys_export.model import Page


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


def page(records: int, size: int = 1_000) -> Page:
    return Page(records=[bytes(size)] * records, watermark=None, received_bytes=0)


def lengths(pages, most_bytes) -> list[list[int]]:
    return [[len(one.records) for one in some] for some in joined(iter(pages), most_bytes)]


def test_small_pages_are_put_together_and_large_ones_are_not_kept_waiting():
    assert lengths([page(2)] * 5, 6_000) == [[2, 2, 2], [2, 2]]
    assert lengths([page(5), page(5), page(1)], 6_000) == [[5], [5], [1]]
    assert lengths([page(1), page(9), page(0)], 6_000) == [[1, 9], [0]]
    assert lengths([], 6_000) == []


def test_without_bytes_to_fill_each_page_stays_by_itself():
    assert lengths([page(2)] * 3, 0) == [[2], [2], [2]]
