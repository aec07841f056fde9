"""What a collector gets by OTLP: run, day, slice and request, and the figures."""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from pathlib import Path
from threading import Event as Flag
from time import monotonic
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from telemetry_day import DAY

from genesys_export import Event
from genesys_export.events import Noticed
from genesys_export.telemetry.senders import Trouble, listening

OF_DAY = {
    "genesys_export.dataset": "conversation_details",
    "genesys_export.day": DAY,
}


def test_a_trace_goes_from_the_run_to_the_day_the_slice_and_the_request(make, collector):
    with make(telemetry__otlp=True, slices=2) as exporter:
        exporter.export(DAY)
    (run,) = collector.named("run")
    (day,) = collector.named("day")
    assert (run.parent, day.parent, day.is_error) == ("", "run", False)
    ended = {"genesys_export.status": "published", "genesys_export.exit_status": 0}
    assert day.attributes == OF_DAY | ended
    slices = collector.named("slice")
    assert [one.parent for one in slices] == ["day"] * 2
    assert {one.attributes["genesys_export.slice"] for one in slices} == {f"{DAY}#0", f"{DAY}#1"}
    assert sum(one.attributes["genesys_export.records"] for one in slices) == 40
    requests = [one for one in collector.spans if "http.request.method" in one.attributes]
    assert {one.parent for one in requests} == {"run", "day", "slice"} - {"run"}
    (results, _) = [one for one in requests if one.name.endswith("/jobs/{jobId}/results")]
    assert results.parent == "slice"
    assert results.attributes["http.response.status_code"] == 200
    for one in collector.spans:
        assert run.start <= one.start <= one.end <= run.end, one


def test_the_figures_say_what_was_exported(make, collector):
    with make(telemetry__otlp=True) as exporter:
        exporter.export(DAY)
    dataset = {"dataset": "conversation_details"}
    assert collector.total("records", **dataset) == 40
    assert collector.total("days", **dataset, status="published") == 1
    assert collector.total("requests", **dataset) >= 4
    assert collector.total("received", **dataset) > 1_000
    assert collector.total("uploaded", **dataset) > 1_000
    assert collector.total("waits", reason="job") > 0
    assert collector.total("lateness", **dataset) > 86_400
    assert collector.total("failed_days", **dataset) == 0


def test_a_day_that_failed_is_an_error_and_needs_attention(make, collector, start):
    refusing = start(missing_permissions=frozenset({"analytics:conversationDetail:view"}))
    with make(of=refusing, telemetry__otlp=True) as exporter:
        (result,) = exporter.backfill(DAY, DAY)
    (run,), (day,) = collector.named("run"), collector.named("day")
    assert run.is_error
    assert day.is_error
    assert day.message == result.message
    assert day.attributes["genesys_export.exit_status"] == 77
    assert collector.total("failed_days") == 1


def test_days_with_nothing_to_do_have_no_span(make, collector):
    with make(telemetry__otlp=True) as exporter:
        exporter.export(DAY)
        list(exporter.backfill(DAY, DAY))
    assert len(collector.named("run")) == 2
    assert len(collector.named("day")) == 1
    assert collector.total("days", status="skipped") == 1


def test_the_run_belongs_to_the_trace_of_the_caller(make, collector):
    theirs = TracerProvider(shutdown_on_exit=False).get_tracer("theirs")
    with make(telemetry__otlp=True) as exporter, theirs.start_as_current_span("dag") as span:
        exporter.export(DAY)
    bodies = b"".join(collector.bodies)
    assert span.get_span_context().trace_id.to_bytes(16, "big") in bodies
    assert {one.parent for one in collector.named("day")} == {"run"}


def test_the_standard_variables_say_who_is_told_and_by_what_name(make, collector, monkeypatch):
    monkeypatch.setenv("OTEL_SERVICE_NAME", "nightly")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=4711")
    with make(telemetry__otlp=True) as exporter:
        exporter.export(DAY)
    assert collector.resource["service.name"] == "nightly"
    assert collector.resource["deployment.environment"] == "test"
    assert collector.headers[0]["x-tenant"] == "4711"


def test_by_default_the_service_is_genesys_export(make, collector):
    with make(telemetry__otlp=True) as exporter:
        exporter.export(DAY)
    assert collector.resource["service.name"] == "genesys-export"


def test_no_secret_and_no_record_is_told(make, genesys, world, collector):
    with make(telemetry__otlp=True, slices=2) as exporter:
        exporter.export(DAY)
        report = exporter.read("conversations", DAY)
    told = b"".join(collector.bodies)
    assert genesys.client_secret.encode() not in told
    assert genesys.client_id.encode() not in told
    for one in report.column("conversation_id").to_pylist():
        assert one.encode() not in told


def test_a_collector_that_is_down_is_one_notice_and_delays_nothing(
    make, monkeypatch, closed_address
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://{closed_address}")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "10")
    monkeypatch.setenv("OTEL_METRIC_EXPORT_INTERVAL", "10")
    seen: list[Event] = []
    with make(telemetry__otlp=True, on_event=seen.append) as exporter:
        assert exporter.export(DAY).results[0].status == "published"
        began = monotonic()
    assert monotonic() - began < 8  # the SDK alone would try for ten
    (notice,) = [one.message for one in seen if isinstance(one, Noticed)]
    assert re.fullmatch(
        r"telemetry by OTLP may be incomplete: the collector can't be reached \(Connect\w+\)",
        notice,
    )


@pytest.mark.parametrize(
    ("text", "arguments", "told"),
    [
        (
            "Transient error %s encountered while exporting %s batch, retrying in %.2fs.",
            (ConnectionError("a-secret"), "spans", 0.86),
            "the collector can't be reached (ConnectionError)",
        ),
        (
            "Transient error %s encountered while exporting %s batch, retrying in %.2fs.",
            ("a-secret", "spans", 0.86),
            "the collector is not ready",
        ),
        (
            "Failed to export %s batch code: %s, reason: %s",
            ("spans", 401, "a-secret"),
            "sending failed (HTTP 401)",
        ),
        (
            "Failed to export %s batch code: %s, reason: %s",
            ("spans", None, ValueError("a-secret")),
            "sending failed (ValueError)",
        ),
        (
            "Failed to export %s batch due to timeout, max retries or shutdown.",
            ("spans",),
            "the collector did not answer in time",
        ),
        (
            "Invalid timeout value %r, using default of %s seconds",
            ("a-secret", 10),
            "Invalid timeout value '…', using default of 10 seconds",
        ),
    ],
)
def test_what_the_library_logs_of_a_collector_is_told_in_our_words(text, arguments, told):
    said: list[str] = []
    with listening(Trouble(said.append, Flag())):
        logging.getLogger("opentelemetry.exporter").warning(text, *arguments)
    assert said == [f"telemetry by OTLP may be incomplete: {told}"]


def test_a_collector_that_does_not_answer_is_waited_for_for_two_seconds_at_the_end(
    make, collector
):
    collector.go.clear()
    seen: list[Event] = []
    with make(telemetry__otlp=True, on_event=seen.append) as exporter:
        exporter.export(DAY)
        began = monotonic()
    assert monotonic() - began < 8
    collector.go.set()
    (notice,) = [one.message for one in seen if isinstance(one, Noticed)]
    assert "the collector took longer than 2 s" in notice


def test_an_exporter_that_was_closed_tells_of_the_next_call_too(make, collector):
    exporter = make(telemetry__otlp=True)
    for day in (DAY, "2025-11-19"):
        with exporter:
            exporter.export(day)
    assert {one.attributes["genesys_export.day"] for one in collector.named("day")} == {
        DAY,
        "2025-11-19",
    }


@pytest.mark.parametrize(
    ("variable", "value", "names"),
    [
        ("OTEL_SDK_DISABLED", "true", []),
        ("OTEL_TRACES_SAMPLER", "always_off", ["/v1/metrics"]),
    ],
)
def test_the_standard_variables_switch_it_off(
    make, collector, monkeypatch, variable, value, names
):
    monkeypatch.setenv(variable, value)
    with make(telemetry__otlp=True) as exporter:
        assert exporter.export(DAY).results[0].status == "published"
    assert sorted(set(collector.paths)) == names


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "soon"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "not an address"),
        ("OTEL_EXPORTER_OTLP_COMPRESSION", "zip"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "a-made-up-secret-4711"),
        ("OTEL_EXPORTER_OTLP_HEADERS", "x-key=a%0amade-up-secret-4711"),
    ],
)
def test_a_variable_that_makes_no_sense_is_a_notice_and_ends_no_export(
    make, collector, monkeypatch, variable, value
):
    monkeypatch.setenv(variable, value)
    seen: list[Event] = []
    with make(telemetry__otlp=True, on_event=seen.append) as exporter:
        for day in (DAY, "2025-11-19"):
            assert exporter.export(day).results[0].status == "published"
    (notice,) = [one.message for one in seen if isinstance(one, Noticed)]
    assert notice.startswith("telemetry by OTLP may be incomplete: ")
    assert value not in notice


def in_a_process(code: str, genesys: Any, folder: Path, **more: str) -> Any:
    environ = {
        "GENESYS_CLOUD_BASE_URL": genesys.base_url,
        "GENESYS_CLIENT_ID": genesys.client_id,
        "GENESYS_CLIENT_SECRET": genesys.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        "GENESYS_EXPORT_EXPORT__TABLES": "conversations",
        **more,
    }
    return subprocess.run(
        [sys.executable, "-c", code],
        env=environ,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


RUN = f"""
from genesys_export.cli import main
main(["run", "--to", "lake", "--date", "{DAY}", "--log-format", "console"])
"""


def test_a_command_delivers_what_is_left_before_it_ends(genesys, tmp_path, collector):
    more = {
        "GENESYS_EXPORT_TELEMETRY__OTLP": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.address,
    }
    done = in_a_process(RUN, genesys, tmp_path, **more)
    assert (done.returncode, "notice" in done.stderr) == (0, False)
    assert len(collector.named("day")) == 1
    assert collector.total("records") == 40


def test_a_command_says_once_that_its_collector_is_down(genesys, tmp_path, closed_address):
    more = {
        "GENESYS_EXPORT_TELEMETRY__OTLP": "true",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{closed_address}",
    }
    done = in_a_process(RUN, genesys, tmp_path, **more)
    assert done.returncode == 0
    assert [line for line in done.stderr.splitlines() if "OTLP" in line or "batch" in line] == [
        line for line in done.stderr.splitlines() if "warning notice" in line
    ]
    assert done.stderr.count("warning notice") == 1


WITHOUT_EXTRA = f"""
import sys
sys.modules["opentelemetry"] = None
{RUN}
"""


def test_without_the_extra_it_says_what_to_install(genesys, tmp_path):
    more = {"GENESYS_EXPORT_TELEMETRY__OTLP": "true"}
    done = in_a_process(WITHOUT_EXTRA, genesys, tmp_path, **more)
    assert done.returncode == 78
    assert "telemetry.otlp needs OpenTelemetry's SDK: opentelemetry" in done.stderr
    assert "pip install '.[otel]'" in done.stderr
    assert "Traceback" not in done.stderr


WITHOUT = """
import sys
from genesys_export import Exporter
with Exporter.from_settings(to="lake") as exporter:
    exporter.export("2025-11-20")
loaded = [name for name in sys.modules if name.startswith(("opentelemetry", "google.protobuf"))]
assert not loaded, loaded
assert "genesys_export.telemetry.prometheus" not in sys.modules
"""


def test_off_by_default_nothing_of_it_is_imported(genesys, tmp_path):
    done = in_a_process(WITHOUT, genesys, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
