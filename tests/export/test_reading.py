"""Copies of a conversation that differ: the later one wins, whatever order they come in.

The source is a script: what it gives at each reading of its pages, the last of them for ever.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
from dataclasses import replace
from datetime import date
from itertools import permutations
from threading import Event
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fakes import Events, FakeClock, FakeSource, MemoryStore, feed_of
from genesys_export.api.wire import results
from genesys_export.datasets import DEFAULT, dataset_named
from genesys_export.days import Day, split
from genesys_export.decode import CopyResolver, Decoder
from genesys_export.decode.ids import key_of
from genesys_export.encode import Format
from genesys_export.errors import DestinationFailed, GenesysUnavailable
from genesys_export.events import PageExported, ReadAgain
from genesys_export.export.plan import Plan
from genesys_export.export.slices import SliceContext, Task, stage
from genesys_export.model import Counts, Page
from genesys_export.privacy import Action, Wishes, resolve
from genesys_export.progress.totals import Totals, added

DAY = Day(date(2026, 11, 22), ZoneInfo("UTC"))
(SLICE,) = split(DAY, 1)
PLAN = Plan(dataset=dataset_named(DEFAULT), tables=("conversations",))


def record(ident="c1", tag="", end="2026-11-22T09:00:00.000Z", **more) -> bytes:
    body = {"conversationId": ident, "conversationStart": "2026-11-22T08:00:00.000Z"}
    body |= {"externalTag": tag} | ({"conversationEnd": end} if end else {}) | more
    return json.dumps(body).encode()


class Script(FakeSource):
    """A model.Source and its one Fetch."""

    def __init__(self, *readings: list[list[bytes]]) -> None:
        self.readings, self.read, self.released = readings, 0, 0
        self.job_ids = ()

    def watermark(self):
        return None

    def fetch(self, interval, job_id=None):
        assert (interval, job_id) == (SLICE.interval, None)
        return self

    def pages(self):
        pages = self.readings[min(self.read, len(self.readings) - 1)]
        self.read += 1
        for records in pages:
            yield Page(records=records, watermark=None, received_bytes=sum(map(len, records)))

    def release(self):
        self.released += 1


class Trial:
    """One slice staged from a script into memory."""

    def __init__(
        self,
        *readings: list[list[bytes]],
        store: MemoryStore | None = None,
        plan: Plan = PLAN,
        morsel_bytes: int = 1,
    ) -> None:
        """Make tables of one record at a time, unless `morsel_bytes` is more."""
        self.source, self.events, self.store = Script(*readings), Events(), store or MemoryStore()
        self.rejected = -1  # how many records its rejects have
        self.feed = replace(
            feed_of(plan, self.source, FakeClock(), self.events), morsel_bytes=morsel_bytes
        )
        self.context = SliceContext(
            plan=plan,
            store=self.store,
            observe=self.events,
            token="token",
            abandon=Event(),
            clock=FakeClock(),
        )

    def staged(self):
        self.reading = self.feed.open(SLICE)
        task = Task(slice=SLICE, reading=self.reading, began=FakeClock().now())
        staged = stage(self.context, task).sealed
        assert_adds_up(staged.counts)
        self.rejected = sum(file.rows for file in staged.rejects)
        kept = 0 if self.context.plan.privacy else staged.counts.rejected  # else only counted
        assert self.rejected == kept
        return staged

    def index(self) -> bytes:
        """Stage, and return the index."""
        self.staged()
        return b"".join(self.reading.index())

    def tags(self) -> dict[str, str]:
        """Stage, and return each exported conversation's tag."""
        (table,) = self.staged().files
        text = gzip.decompress(self.store.sealed[table.file.upload_id]).decode()
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
        assert len({row["conversation_id"] for row in rows}) == len(rows) == table.rows
        return {row["conversation_id"]: row["external_tag"] for row in rows}


def assert_adds_up(counts: Counts) -> None:
    parts = counts.exported + counts.duplicates + counts.of_other_days + counts.rejected
    assert counts.received == parts
    assert counts.differing_duplicates <= counts.duplicates


def test_without_differing_copies_the_pages_are_read_once():
    trial = Trial([[record("a"), record("b")], [record("a")]])
    assert trial.tags() == {"a": "", "b": ""}
    assert trial.source.read == 1
    assert trial.events.of(ReadAgain) == []


RANKED = (
    record(tag="broken", participants=7),
    record(tag="open, and nothing more", end=None),
    record(tag="open, later", end=None, conferenceStart="2026-11-22T23:00:00.000Z"),
    record(tag="ended at nine"),
    record(
        tag="ended, touched",
        participants=[{"sessions": [{"segments": [{"segmentEnd": "2026-11-22T10:00:00Z"}]}]}],
    ),
    record(tag="ended at eleven", end="2026-11-22T12:00:00.000+01:00"),
)


@pytest.mark.parametrize("pair", tuple(permutations(range(len(RANKED)), 2)))
def test_a_copy_that_comes_while_the_first_is_in_memory_costs_no_second_reading(pair):
    trial = Trial([[RANKED[pair[0]]], [RANKED[pair[1]]]], morsel_bytes=10_000)
    assert trial.tags() == {"c1": json.loads(RANKED[max(pair)])["externalTag"]}
    assert trial.source.read == 1
    assert trial.rejected == (0 in pair)


@pytest.mark.parametrize("ranked", [3, 4, 5])
@pytest.mark.parametrize("order", tuple(permutations((3, 4, 5))))
def test_a_better_copy_than_was_ranked_is_taken_while_it_is_in_memory(ranked, order):
    contest = CopyResolver(PLAN.dataset, SLICE.interval)
    contest.begin([key_of("c1")])
    contest.weigh([RANKED[ranked]])
    decoder = Decoder(PLAN.dataset, SLICE.interval, contest)
    block = decoder.decode([RANKED[number] for number in order])
    assert block.records == (RANKED[5],)
    assert decoder.counts.duplicates == decoder.counts.differing_duplicates == 2
    assert decoder.contested() == frozenset()


copies = st.lists(
    st.builds(
        record,
        st.sampled_from("abc"),
        st.sampled_from(("", "x", "y")),
        st.sampled_from((None, "2026-11-22T09:00:00.000Z", "2026-11-22T10:00:00Z")),
        participants=st.sampled_from((None, [], 7)),
    ),
    max_size=9,
)


@settings(max_examples=150, derandomize=True, database=None, deadline=None)
@given(copies, st.integers(1, 600), st.booleans())
def test_copies_are_counted_alike_however_many_are_in_memory_together(records, size, keeps_all):
    pages = [[one] for one in records]
    raw = PLAN.dataset.raw
    plan = replace(PLAN, tables=(), format=Format.JSONL, raw=raw) if keeps_all else PLAN
    alone, together = (Trial(pages, plan=plan, morsel_bytes=n).staged() for n in (1, size))
    assert together.counts == alone.counts
    assert together.digest == alone.digest
    assert [table.rows for table in together.files] == [table.rows for table in alone.files]


def test_small_pages_make_their_tables_together_and_are_told_one_by_one():
    pages = [[record(f"c{n}")] for n in range(7)]
    trial = Trial(pages, morsel_bytes=2 * len(pages[0][0]))
    assert len(trial.tags()) == 7
    told = trial.events.of(PageExported)
    assert [one.conversations for one in told] == [0, 2, 0, 2, 0, 2, 1]
    assert sum(one.rows for one in told) == 7


@pytest.mark.parametrize("pair", tuple(permutations(range(len(RANKED)), 2)))
def test_the_better_of_two_copies_wins_in_either_order(pair):
    trial = Trial([[RANKED[pair[0]]], [RANKED[pair[1]]]])
    assert trial.tags() == {"c1": json.loads(RANKED[max(pair)])["externalTag"]}
    assert trial.source.read == 3
    assert trial.rejected == (0 in pair)


@settings(max_examples=40, derandomize=True, database=None, deadline=None)
@given(st.permutations(range(len(RANKED))), st.lists(st.integers(0, 5), max_size=5))
def test_of_many_copies_the_best_is_kept_and_every_other_counted(order, again):
    copies = [RANKED[place] for place in (*order, *again)]
    trial = Trial([copies[:3], copies[3:], [record("c2")]])
    staged = trial.staged()
    assert staged.counts.exported == 2
    assert staged.counts.rejected == 1
    assert staged.counts.differing_duplicates == 4 + sum(0 < place < 5 for place in again)
    wanted = Decoder(PLAN.dataset, SLICE.interval)
    wanted.decode([RANKED[-1], record("c2")])
    assert staged.digest == f"{wanted.digest:064x}"


def test_copies_that_are_as_late_are_chosen_between_alike():
    one, other = record(tag="one"), record(tag="other")
    assert Trial([[one, other]]).tags() == Trial([[other], [one]]).tags()


def test_an_instant_in_a_customers_text_makes_nothing_later():
    future = {"attributes": {"appointment": "2099-01-01T00:00:00.000Z"}}
    early = record(tag="2099-01-01T00:00:00.000Z", participants=[future])
    assert Trial([[early, record(tag="late", end="2026-11-22T09:30:00.000Z")]]).tags() == {
        "c1": "late"
    }


def test_two_copies_that_nobody_can_read_are_two_rejects():
    trial = Trial([[record(participants=1), record(participants=2), record(participants=1)]])
    assert trial.tags() == {}
    assert trial.rejected == 2


def test_the_index_names_the_copy_that_was_kept():
    contest_free = Decoder(PLAN.dataset, SLICE.interval)
    contest_free.decode([RANKED[5]])
    trial = Trial([[RANKED[3], RANKED[5], RANKED[0]]])
    index = trial.index()
    assert index == b"".join(contest_free.index())
    assert index[:16] == key_of("c1")


@pytest.mark.parametrize("copies", [[RANKED[5]], [RANKED[3], RANKED[0], RANKED[5]]], ids=len)
def test_conversations_whose_ids_are_hashed_are_told_apart_by_their_tokens(copies):
    wishes = Wishes(columns={"conversations.conversation_id": Action.HASH}, key="k" * 16)
    plan = replace(PLAN, privacy=resolve(PLAN.dataset.tables, wishes))
    pages = [[record("c2"), *copies], [record("c2"), *copies]]
    trial = Trial(pages, plan=plan)
    tags = trial.tags()
    assert sorted(tags.values()) == ["", json.loads(RANKED[5])["externalTag"]]
    index = trial.index()
    keys = [index[at : at + 16].hex() for at in range(0, len(index), 32)]
    assert keys == sorted(token[:32] for token in tags)
    assert key_of("c1") not in index


def test_what_an_expired_job_gave_differently_is_counted_though_it_comes_no_more():
    old, new = record(tag="old", end=None), record(tag="new")
    trial = Trial([[old, record("b")], [new, record("b")]], [[new, record("b")]])
    staged = trial.staged()
    assert (staged.counts.exported, staged.counts.differing_duplicates) == (2, 1)
    assert staged.counts.received == 3
    assert trial.source.read == 3


def test_a_record_rejected_in_a_reading_that_was_in_vain_counts_once():
    broken, good, stays = record(participants=1), record(tag="good"), b"[]"
    trial = Trial([[broken, stays], [good]], [[good, stays]])
    staged = trial.staged()
    assert (staged.counts.exported, staged.counts.rejected) == (1, 2)
    assert trial.rejected == 2


def test_a_copy_later_than_any_that_was_ranked_is_taken():
    first, second = record(tag="first", end=None), record(tag="second")
    third = record(tag="third", end="2026-11-22T10:00:00.000Z")
    trial = Trial([[first, second]], [[first, second]], [[first, third]])
    assert trial.tags() == {"c1": "third"}
    assert trial.source.read == 3


def test_a_better_copy_behind_one_already_written_is_read_for_again():
    one, two, three = (record(tag=f"{n}", end=f"2026-11-22T1{n}:00:00.000Z") for n in range(3))
    trial = Trial([[one, two]], [[one]], [[one, three]])
    assert trial.tags() == {"c1": "2"}
    assert trial.source.read == 5


def test_a_winner_that_does_not_come_again_is_read_for_again():
    early, late = record(tag="early", end=None), record(tag="late")
    trial = Trial([[early, late]], [[late]], [[early]])
    assert trial.tags() == {"c1": "early"}
    assert trial.source.read == 5


def test_other_content_at_every_reading_ends_the_slice_in_a_sentence():
    ends = [f"2026-11-22T09:{minute}:00.000Z" for minute in range(10, 60)]
    trial = Trial(*([[record(end=ends[n]), record(end=ends[n + 1])]] for n in range(0, 20, 2)))
    with pytest.raises(GenesysUnavailable, match="at each of 7 readings"):
        trial.staged()
    assert trial.source.read == 7
    assert trial.store.begun == {}


def test_a_reading_thrown_away_is_taken_out_of_the_figures():
    trial = Trial([[record("a"), record("b")], [record("a", tag="other")]])
    staged = trial.staged()
    totals = Totals()
    for event in trial.events:
        totals = added(totals, event)
    assert (totals.conversations, totals.rows) == (staged.counts.exported, 2)
    (told,) = trial.events.of(ReadAgain)
    assert (told.contested, told.conversations) == (1, 2)


def test_thousands_of_contested_conversations_are_settled_in_one_round():
    started = [record(f"c{n}", end=None) for n in range(3_000)]
    ended = [record(f"c{n}", tag="ended") for n in range(3_000)]
    trial = Trial([started, ended], morsel_bytes=20_000)
    assert set(trial.tags().values()) == {"ended"}
    assert trial.source.read == 3


@pytest.mark.parametrize("text", ["a\x01b", "\\q", "\\u12g4"])
def test_one_record_that_is_no_json_is_rejected_and_its_page_is_read(text):
    odd = record("odd").replace(b'"externalTag": ""', b'"externalTag": "%b"' % text.encode())
    body = b'{"conversations":[%b]}' % b",".join([record("a"), odd, record("b")])
    trial = Trial([[bytes(one) for one in results("conversations").read(body).page.records]])
    counts = trial.staged().counts
    assert (counts.received, counts.exported, counts.rejected) == (3, 2, 1)
    assert trial.rejected == 1


def test_thousands_of_copies_in_memory_are_settled_in_passing():
    started = [record(f"c{n}", end=None) for n in range(3_000)]
    ended = [record(f"c{n}", tag="ended") for n in range(3_000)]
    trial = Trial([started, ended], morsel_bytes=6 << 20)
    assert set(trial.tags().values()) == {"ended"}
    assert trial.source.read == 1


class FullAfter(MemoryStore):
    """A store that takes so many files and no more."""

    def __init__(self, files: int) -> None:
        super().__init__()
        self.left = files

    def stage(self, key, token, content_type):
        self.left -= 1
        if self.left < 0:
            raise DestinationFailed("no room")
        return super().stage(key, token, content_type)


def test_a_store_that_fails_in_the_third_reading_leaves_nothing_staged():
    trial = Trial([[RANKED[3], RANKED[5]]], store=FullAfter(1))
    with pytest.raises(DestinationFailed):
        trial.staged()
    assert trial.store.begun == {}
