"""The file for node_exporter's textfile collector, read by Prometheus's own parser."""

from __future__ import annotations

from contextlib import chdir
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from telemetry_day import DAY

from genesys_export import Event, WrongSettings
from genesys_export.days import Interval
from genesys_export.events import (
    DayEnded,
    DayPublished,
    DaySkipped,
    DayStarted,
    Noticed,
    Requested,
    SliceStaged,
    Waited,
)
from genesys_export.telemetry.prometheus import PrometheusFile

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
DETAILS = "conversation_details"
Samples = dict[tuple[str, ...], float]


def samples(file: Path) -> Samples:
    """Return each value by its metric's name without the prefix, and its labels."""
    found: Samples = {}
    for family in text_string_to_metric_families(file.read_text("utf-8")):
        assert family.type == "gauge"
        assert family.documentation
        for one in family.samples:
            name = one.name.removeprefix("genesys_export_")
            assert name != one.name
            found[name, *one.labels.values()] = one.value
    return found


@pytest.fixture
def file(tmp_path):
    return tmp_path / "genesys_export.prom"


class Runs:
    """Runs one after the other, an hour apart, into one file."""

    def __init__(self, file: Path, orgs: tuple[str, ...] | None = None) -> None:
        self.file, self.now, self.orgs = file, NOON, orgs
        self.told: list[str] = []

    def run(self, *given: Event) -> Samples:
        watch = PrometheusFile(self.file, self.told.append, lambda: self.now, self.orgs)
        watch.begin()
        for event in given:
            watch(event)
        self.now += timedelta(hours=1)
        watch.end()
        watch.close()
        return samples(self.file) if self.file.exists() else {}


def day_of(org: str = "", day: str = "2026-11-22", **ended: Any) -> tuple[Event, ...]:
    """Return the events of a day that was published, or ended as it is said."""
    whose: Any = {"org": org, "dataset": DETAILS, "day": day}
    end = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(1)
    interval = Interval(end - timedelta(1), end)
    last = DayEnded(**{**whose, "status": "published", "message": "", "exit_status": 0, **ended})
    made: tuple[Event, ...] = (
        DayStarted(**whose, interval=interval, slices=1, watermark=None),
        Requested(**whose, method="GET", path="/x", status=200, received_bytes=500, elapsed_s=0.1),
        Waited(**whose, reason="job", waited_s=3.5),
        SliceStaged(**whose, slice=f"{day}#0", conversations=7, rows=9, size_bytes=5),
    )
    published = DayPublished(
        **whose,
        state="final",
        outcome="published",
        manifest="",
        conversations=7,
        rows=9,
        files=1,
        size_bytes=5,
    )
    return (*made, *([] if last.exit_status else [published]), last)


def test_a_run_leaves_gauges_by_the_conventions_of_prometheus(make, file):
    with make(telemetry={"prometheus_file": str(file)}) as exporter:
        exporter.export(DAY)
    found = samples(file)
    assert found["last_run_days", "", DETAILS, "published"] == 1
    assert found["last_run_records", "", DETAILS] == 40
    assert found["last_run_requests", "", DETAILS] >= 4
    assert found["last_run_received_bytes", "", DETAILS] > 1_000
    assert found["last_run_uploaded_bytes", "", DETAILS] > 1_000
    assert found["lateness_seconds", "", DETAILS] > 86_400
    assert found["failed_days", "", DETAILS] == 0
    ended = found["last_run_timestamp_seconds", "", DETAILS]
    assert found["last_success_timestamp_seconds", "", DETAILS] == ended
    assert file.stat().st_mode & 0o444 == 0o444  # node_exporter is another user
    assert [one.name for one in file.parent.glob("*.part")] == []


def test_its_values_are_those_of_the_events(file):
    found = Runs(file).run(*day_of("emea"), *day_of("emea", "2026-11-21"))
    assert found["last_run_wait_seconds", "emea", DETAILS, "job"] == 7
    assert found["last_run_duration_seconds", "emea", DETAILS] == 3600
    assert found["lateness_seconds", "emea", DETAILS] == 12 * 3600  # of the newest day
    assert found["last_run_received_bytes", "emea", DETAILS] == 1_000


def test_a_failed_run_keeps_when_the_last_good_one_was(file):
    runs = Runs(file)
    good = runs.run(*day_of())
    bad = runs.run(*day_of(status="failed", exit_status=69, message="no answer"))
    assert bad["failed_days", "", DETAILS] == 1
    assert bad["last_run_days", "", DETAILS, "failed"] == 1
    assert ("last_run_days", "", DETAILS, "published") not in bad
    for name in ("last_success_timestamp_seconds", "lateness_seconds"):
        assert bad[name, "", DETAILS] == good[name, "", DETAILS]
    assert bad["last_run_timestamp_seconds", "", DETAILS] == (
        good["last_run_timestamp_seconds", "", DETAILS] + 3600
    )


@pytest.mark.parametrize(
    ("status", "exit_status"),
    [("failed", 75), ("failed", 143), ("unfinished", 143), ("not tried", 0), ("not tried", 143)],
)
def test_a_day_for_the_next_run_is_neither_a_success_nor_a_failure(file, status, exit_status):
    ended = day_of(status=status, exit_status=exit_status)[-1]
    found = Runs(file).run(ended)
    assert found["failed_days", "", DETAILS] == 0
    assert found["last_success_timestamp_seconds", "", DETAILS] == 0  # raises the alert


def test_a_run_with_nothing_to_do_is_a_success(file):
    nothing = DaySkipped(org="", dataset=DETAILS, day="2026-11-22", reason="nothing to do")
    found = Runs(file).run(nothing)
    assert found["last_success_timestamp_seconds", "", DETAILS] == NOON.timestamp() + 3600


def test_what_the_file_says_of_other_organisations_stays(file):
    runs = Runs(file)
    before = runs.run(*day_of("emea"))
    after = runs.run(*day_of("apac"))
    assert {key: after[key] for key in before} == before
    assert after["last_run_records", "apac", DETAILS] == 7


def test_an_organisation_that_the_settings_no_longer_have_goes(file):
    before = Runs(file).run(*day_of("emea"), *day_of("sold"), *day_of(""))
    after = Runs(file, ("emea", "apac")).run(*day_of("apac"))
    assert {key[1] for key in after} == {"emea", "apac"}
    assert {
        key: value for key, value in before.items() if key[1] == "emea"
    }.items() <= after.items()


@pytest.mark.parametrize(
    ("given", "kept"),
    [({}, {"amer", "apac", "emea"}), ({"shard": "1/2"}, {"amer", "emea"})],
    ids=["all", "a shard"],
)
def test_settings_say_which_organisations_the_file_is_of(make, genesys, file, given, kept):
    Runs(file).run(*(event for org in ("apac", "emea", "sold", "") for event in day_of(org)))
    one = {
        "base_url": genesys.base_url,
        "client_id": genesys.client_id,
        "client_secret": genesys.client_secret,
        "poll_first": "0.05s",
    }
    settings = {"environ": {}, "orgs": dict.fromkeys(("amer", "apac", "emea"), one)}
    with make(telemetry={"prometheus_file": str(file)}, **settings, **given) as exporter:
        exporter.export(DAY)
    assert {key[1] for key in samples(file)} == kept


def test_lines_that_are_not_ours_go_and_do_no_harm(file):
    file.write_text('garbage {\nother_metric 1\ngenesys_export_x{org="",dataset=""} one\n')
    assert ("last_run_records", "", DETAILS) in Runs(file).run(*day_of())


def test_a_file_that_can_not_be_written_is_one_notice(make, tmp_path):
    seen: list[Event] = []
    file = tmp_path / "missing" / "genesys_export.prom"
    with make(telemetry__prometheus_file=str(file), on_event=seen.append) as exporter:
        for day in (DAY, "2025-11-19"):
            assert exporter.export(day).results[0].status == "published"
    (notice,) = [one.message for one in seen if isinstance(one, Noticed)]
    assert notice.endswith("genesys_export.prom was not written: No such file or directory")


def test_a_file_of_bytes_that_are_no_text_is_a_notice(file):
    file.write_bytes(b"\xff\xfe")
    runs = Runs(file)
    with pytest.raises(UnicodeDecodeError):
        runs.run(*day_of())
    assert runs.told == [f"telemetry.prometheus_file {file} was not written: it is not text"]


def test_a_relative_name_begins_in_the_working_directory(make, tmp_path):
    settings = tmp_path / "settings.toml"
    settings.write_text('[telemetry]\nprometheus_file = "here.prom"\n')
    with chdir(tmp_path), make(file=settings) as exporter:
        exporter.export(DAY)
    assert (tmp_path / "here.prom").is_file()


def test_a_name_that_node_exporter_would_not_read_is_refused(make):
    with pytest.raises(WrongSettings, match=r"names end in \.prom only"):
        make(telemetry__prometheus_file="metrics.txt")
