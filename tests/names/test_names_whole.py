"""The dataset chosen by its name: every list, and what stands in or under another one."""

import json
from dataclasses import dataclass, field
from datetime import date
from threading import Event
from zoneinfo import ZoneInfo

import pytest

from fakes import FakeClock, some
from genesys_export.datasets import DEFAULT, NAMES, dataset_named
from genesys_export.days import Day, split
from genesys_export.errors import NotPermitted, RequestRefused
from genesys_export.export import ExportOptions
from genesys_export.feeds.snapshot import SnapshotFeed
from genesys_export.model import Batch, Rejected
from genesys_simulator import Fault, Refusal, ServerError

DATASET = dataset_named(NAMES)
DAY = Day(date(2025, 11, 20), ZoneInfo("UTC"))
TABLES = [table.name for table in DATASET.tables]
WHOLE = {"GENESYS_EXPORT_EXPORT__DATASETS": NAMES}
ABSENT = Refusal(404, "not.found", "The requested resource was not found.")
FORBIDDEN = Refusal(403, "missing.permissions", "No.")
BROKEN = Refusal(400, "bad.request", "Pagination may not exceed 10000 results.")
QUEUES = ["dim_queues", "dim_queue_media", "dim_queue_members"]


def reading_of(lists, *tables: str):
    """Return the reading of some tables of a day."""
    (day,) = split(DAY, 1)
    return SnapshotFeed(dataset=DATASET, lists=lists, tables=tables, clock=FakeClock()).open(day)


def whole(there, *tables: str, **settings: str) -> int:
    """Export the dataset, or some tables of it."""
    chosen = {"GENESYS_EXPORT_EXPORT__TABLES": ",".join(tables)} if tables else {}
    return there.run(**WHOLE, **chosen, **settings)


def test_every_table_of_the_dataset_is_published(lake):
    there = lake()
    assert whole(there) == 0
    assert list(there.manifest["tables"]) == TABLES
    assert (there.manifest["state"], there.manifest["notes"]) == ("final", [])
    assert all(there.rows(table) for table in TABLES)


def test_what_conversations_speak_of_has_a_row(lake):
    there = lake()
    both = {**WHOLE, "GENESYS_EXPORT_EXPORT__DATASETS": f"{DEFAULT},{NAMES}"}
    assert there.run(**both) == 0
    segments, agents = there.rows("segments"), there.rows("participants")
    takers = {one["participant_id"]: one["user_id"] for one in agents if one["user_id"]}
    took = {
        (one["queue_id"], takers[one["participant_id"]])
        for one in segments
        if one["queue_id"] and one["participant_id"] in takers
    }
    members = {(one["queue_id"], one["user_id"]) for one in there.rows("dim_queue_members")}
    assert took
    assert took <= members
    asked = {
        skill
        for one in segments
        for skill in json.loads(one["requested_routing_skill_ids"] or "[]")
    }
    for found, table in [
        (asked, "dim_skills"),
        ({one["team_id"] for one in agents} - {""}, "dim_teams"),
        ({one["group_id"] for one in segments} - {""}, "dim_groups"),
        ({one["requested_language_id"] for one in segments} - {""}, "dim_languages"),
        ({one["flow_outcome_id"] for one in there.rows("flow_outcomes")}, "dim_flow_outcomes"),
        ({one["form_id"] for one in there.rows("evaluations")}, "dim_evaluation_forms"),
    ]:
        assert found <= {one["id"] for one in there.rows(table)}, table


def test_the_skills_of_users_are_skills_and_what_is_promised_is_known_for_each_medium(lake):
    there = lake()
    whole(there)
    known = {one["id"]: one["name"] for one in there.rows("dim_skills")}
    skills = there.rows("dim_user_skills")
    assert {(one["skill_id"], one["skill_name"]) for one in skills} == {*known.items()}
    assert {one["user_id"] for one in skills} == {one["id"] for one in there.rows("dim_users")}
    media = there.rows("dim_queue_media")
    assert len(media) == 5 * len(there.rows("dim_queues"))
    assert {one["service_level_percentage"] for one in media} == {"0.8", "0.9"}
    assert all(int(one["service_level_duration_ms"]) > 0 for one in media)


# --- names alone ---------------------------------------------------------------------------------


def test_names_alone_ask_for_five_lists_and_need_no_permission_more(lake):
    needed = {
        one
        for table in DATASET.tables
        if not table.is_lookup and table.source
        for one in table.source.permissions
    }
    there = lake(missing_permissions=frozenset(needed - {"routing:queue:view"}))
    assert there.both() == 0
    assert list(there.manifest["tables"]) == [*DATASET.lookups]
    asked = {one.endpoint for one in there.genesys.requests}
    assert not asked & {"skills", "queue_members", "teams", "campaigns"}
    assert {one.query.get("expand") for one in there.genesys.asked("users")} == {None}


def test_users_are_asked_for_what_the_wanted_tables_need(lake):
    there = lake()
    whole(there, "dim_user_languages", "dim_user_skills")
    (expand,) = {one.query["expand"] for one in there.genesys.asked("users")}
    assert expand == "skills,languages"
    assert {*there.manifest["tables"]} == {"dim_user_languages", "dim_user_skills"}
    assert not there.genesys.asked("queues")


def test_members_alone_need_the_list_of_queues_and_nothing_else(lake):
    there = lake()
    assert whole(there, "dim_queue_members") == 0
    assert list(there.manifest["tables"]) == ["dim_queue_members"]
    queues = {one["queue_id"] for one in there.rows("dim_queue_members")}
    assert len(there.genesys.asked("queue_members")) >= len(queues) == 28
    assert {one.endpoint for one in there.genesys.requests} <= {
        *("token", "organization", "queues", "queue_members"),
    }


# --- lists that fail -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("endpoint", "tables"),
    [
        ("businessunits", ["dim_business_units"]),
        ("dataretention", ["dim_data_retention"]),
        ("teams", ["dim_teams", "dim_team_members"]),
    ],
)
def test_a_list_that_the_organisation_does_not_have_costs_its_tables_alone(lake, endpoint, tables):
    there = lake(faults=[Fault(endpoint, 1, ABSENT, times=9)])
    assert whole(there) == 0
    assert [one for one in TABLES if one not in there.manifest["tables"]] == tables
    assert there.manifest["state"] == "final"
    notes = there.manifest["notes"]
    assert [one.split(":")[0] for one in notes] == [f"{one} is not written" for one in tables]
    assert all("Genesys does not have its list" in one for one in notes)
    assert there.due(**WHOLE) == []  # reading it again would give no more


def test_a_list_that_is_forbidden_takes_what_stands_in_it_and_under_it_along(lake):
    needed = some(DATASET.table("dim_queue_members").source).permissions
    there = lake(missing_permissions=frozenset(needed))
    assert whole(there) == 77
    assert [one for one in TABLES if one not in there.manifest["tables"]] == sorted(
        QUEUES, key=TABLES.index
    )
    assert there.manifest["notes"] == [
        f"{table} is not written: routing:queue:view is missing" for table in QUEUES
    ]
    assert not there.genesys.asked("queue_members")


def test_members_that_are_forbidden_cost_their_table_alone(lake):
    there = lake(faults=[Fault("queue_members", 1, FORBIDDEN, times=99)])
    assert whole(there) == 77
    assert [one for one in TABLES if one not in there.manifest["tables"]] == ["dim_queue_members"]
    assert len(there.genesys.asked("queue_members")) == 28
    assert there.manifest["state"] == "final"


@pytest.mark.parametrize("at", [1, 3])
def test_members_of_one_queue_that_are_forbidden_leave_those_of_the_others(lake, at):
    there = lake(faults=[Fault("queue_members", at, FORBIDDEN)])
    assert whole(there, *QUEUES) == 0
    assert (there.manifest["state"], there.manifest["cut"]) == ("partial", ["dim_queue_members"])
    assert len({one["queue_id"] for one in there.rows("dim_queue_members")}) == 27
    (note,) = there.manifest["notes"]
    assert "1 of 28 lists are forbidden: routing:queue:view or" in note


def test_members_that_are_absent_everywhere_are_no_empty_table(lake):
    there = lake(faults=[Fault("queue_members", 1, ABSENT, times=99)])
    assert whole(there, *QUEUES) == 0
    assert list(there.manifest["tables"]) == ["dim_queues", "dim_queue_media"]
    assert there.manifest["state"] == "final"
    (note,) = there.manifest["notes"]
    assert note.startswith("dim_queue_members is not written: Genesys does not have its list")


@dataclass
class Strict:
    """Users whose list is refused where more than its own is asked for."""

    refusal: Exception
    asked: list = field(default_factory=list)

    def pages(self, source, *, patience_s=None):
        del patience_s
        self.asked.append(dict(source.query))
        if "expand" in source.query:
            raise self.refusal
        yield [{"id": "u-1"}]


EXPANDED = ["dim_user_skills", "dim_user_languages"]


@pytest.mark.parametrize(
    "refusal",
    [NotPermitted("no", permissions=("a:b:c",)), RequestRefused("no expand", http_status=400)],
)
@pytest.mark.parametrize("others", [["dim_users"], []])
def test_a_refused_expansion_costs_the_tables_that_need_it_alone(refusal, others):
    lists = Strict(refusal)
    wanted = ("dim_divisions", *others, *EXPANDED)
    reading = reading_of(lists, *wanted)
    batches = [one for one in reading.read(Event()) if isinstance(one, Batch)]
    assert {one.table for one in batches} == {"dim_divisions", *others}
    assert [gap.table for gap in reading.summary().gaps] == EXPANDED
    assert [one.get("expand") for one in lists.asked if "state" in one] == [
        "skills,languages",
        *([None] if others else []),
    ]


def test_a_list_that_is_cut_gives_the_children_of_what_came(lake):
    there = lake(faults=[Fault("queues", 2, BROKEN, times=9)], max_list_size=10)
    assert whole(there, *QUEUES) == 0
    assert [len(there.rows(table)) for table in QUEUES[:2]] == [10, 50]
    queues = {one["id"] for one in there.rows("dim_queues")}
    assert {one["queue_id"] for one in there.rows("dim_queue_members")} == queues
    assert (there.manifest["state"], there.manifest["cut"]) == ("partial", QUEUES)


def test_one_queues_members_that_are_refused_leave_the_others(lake):
    there = lake(faults=[Fault("queue_members", 3, BROKEN)])
    assert whole(there, *QUEUES) == 0
    assert there.manifest["cut"] == ["dim_queue_members"]
    assert len({one["queue_id"] for one in there.rows("dim_queue_members")}) == 27
    (note,) = there.manifest["notes"]
    assert note.startswith("dim_queue_members is cut: its list was cut off after ")


def test_members_that_no_answer_comes_for_are_asked_for_no_more(lake):
    there = lake(faults=[Fault("queue_members", 10, ServerError(503), times=999)])
    assert whole(there, *QUEUES, GENESYS_EXPORT_GENESYS__RETRY_DEADLINE="1s") == 0
    assert there.manifest["cut"] == ["dim_queue_members"]
    assert 0 < len({one["queue_id"] for one in there.rows("dim_queue_members")}) < 10
    assert len(there.rows("dim_queues")) == 28


def test_a_queue_that_was_deleted_meanwhile_has_no_members_and_is_no_gap(lake):
    there = lake(faults=[Fault("queue_members", 3, ABSENT)])
    assert whole(there, *QUEUES) == 0
    assert (there.manifest["state"], there.manifest["notes"]) == ("final", [])
    assert len({one["queue_id"] for one in there.rows("dim_queue_members")}) == 27


def test_a_cut_table_is_read_again_by_the_next_run(lake):
    there = lake(faults=[Fault("queue_members", 3, BROKEN)])
    assert whole(there) == 0
    assert there.due(**WHOLE) == [str(DAY)]
    assert there.run(options=ExportOptions(), **WHOLE) == 0
    assert (there.manifest["state"], there.manifest["cut"]) == ("final", [])


@pytest.mark.parametrize(("refusal", "status"), [(ABSENT, 0), (FORBIDDEN, 77)])
def test_a_list_that_is_refused_from_now_on_takes_no_published_table_away(lake, refusal, status):
    there = lake()
    assert whole(there) == 0
    before = there.manifest
    there = lake(faults=[Fault("skills", 1, refusal, times=99)])
    assert whole(there) == status
    assert there.manifest["tables"]["dim_skills"] == before["tables"]["dim_skills"]
    assert there.rows("dim_skills")
    assert (there.manifest["state"], there.manifest["cut"]) == ("final", [])
    (note,) = there.manifest["notes"]
    assert note.startswith("dim_skills keeps its previously published version: ")


# --- entries without an id -----------------------------------------------------------------------


class Odd:
    """Queues and members of which some have no id."""

    def pages(self, source, *, patience_s=None):
        del patience_s
        if source.path.endswith("members"):
            yield [{"id": "u-1"}, {"id": 7, "name": "member"}]
        else:
            yield [{"id": "q-1"}, {"name": "queue"}, {"id": None}]


def test_entries_without_an_id_are_rejected_and_counted():
    reading = reading_of(Odd(), *QUEUES)
    found = [one for one in reading.read(Event()) if isinstance(one, Rejected)]
    assert [json.loads(one.record) for one in found] == [
        {"name": "queue"},
        {"id": None},
        {"id": 7, "name": "member"},
    ]
    assert found[0].reason == "an entry of /api/v2/routing/queues has no id"
    counts = reading.summary().counts
    assert (counts.received, counts.exported, counts.rejected) == (5, 2, 3)
    assert not reading.summary().gaps


# --- order and memory ----------------------------------------------------------------------------


@dataclass
class Crowd:
    """Many queues with many members each, none in order."""

    queues: int = 300
    members: int = 100
    asked: list = field(default_factory=list)

    def pages(self, source, *, patience_s=None):
        del patience_s
        self.asked.append(source.path)
        if source.path.endswith("members"):
            yield [{"id": f"u-{number:03}"} for number in range(self.members, 0, -1)]
        else:
            yield [{"id": f"q-{number:03}"} for number in range(self.queues, 0, -1)]


def test_many_members_are_given_away_in_parts_and_in_the_order_of_their_keys():
    feed = SnapshotFeed(
        dataset=DATASET, lists=Crowd(), tables=("dim_queue_members",), clock=FakeClock()
    )
    (whole_day,) = split(DAY, 1)
    reading = feed.open(whole_day)
    batches = [one for one in reading.read(Event()) if isinstance(one, Batch)]
    assert len(batches) > 1
    assert max(batch.rows.num_rows for batch in batches) <= 20_100
    keys = [
        (row["queue_id"], row["user_id"]) for batch in batches for row in batch.rows.to_pylist()
    ]
    assert len(keys) == 30_000
    assert keys == sorted(keys)
    assert reading.summary().counts.exported == 30_000


def test_the_id_of_a_parent_is_one_step_of_a_path():
    source = some(DATASET.table("dim_queue_members").source)
    assert source.of("a/../b c").path == "/api/v2/routing/queues/a%2F..%2Fb%20c/members"


# --- from the five tables to all, and from an older version --------------------------------------


def test_going_from_the_lookup_tables_to_all_is_a_change_of_settings(lake):
    there = lake()
    assert there.run() == 0
    assert there.run(options=ExportOptions(force=True), **WHOLE) == 78
    assert "tables: now with dim_queue_media" in there.problems[NAMES].message
    assert list(there.manifest["tables"]) == [*DATASET.lookups]
    assert whole(there) == 0
    assert list(there.manifest["tables"]) == TABLES


def test_a_destination_whose_days_have_fewer_columns_goes_on_without_a_question(lake):
    there = lake()
    assert there.run() == 0
    for path in (there.root / "_genesys_export" / NAMES).rglob("*.json"):
        told = json.loads(path.read_text("utf-8"))
        if "recipe" in told and isinstance(told["recipe"], dict):
            told["recipe"]["column_version"] = 1
            path.write_text(json.dumps(told), "utf-8")
    assert there.due() == []
    there.clock.rest(24 * 3600)
    tomorrow = Day(date(2025, 11, 21), ZoneInfo("UTC"))
    assert there.run(day=tomorrow, options=ExportOptions()) == 0
    made = there.manifest_of(NAMES, tomorrow)
    assert made["recipe"]["column_version"] == DATASET.column_version
    assert there.manifest["recipe"]["column_version"] == 1
