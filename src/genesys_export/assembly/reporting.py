"""Doctor's checks of who is told about exports: [notify] and [telemetry]. Nothing is sent.

An export works without them, so what would not work is a warning, unless a run would refuse it.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Generator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from ..api import Clock
from ..errors import how_to_install
from ..events import Observe
from ..findings import Check, Finding, carried_out, doubtful, fine, wrong
from ..notify.alerts import Alert
from ..notify.targets import key_of
from ..plural import plural
from ..settings import Settings
from ..store.options import S3Options
from ..store.s3_client import session_of
from .announcing import Announcing

_PATIENCE_S = 3.0
_NO_CREDENTIALS = "Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or a role."


def announcements(
    settings: Settings, *, clock: Clock, observe: Observe
) -> Generator[Finding, None, None]:
    """Yield what [notify] needs; asks AWS for nothing but credentials of a role."""
    checks = [Check(name="targets", look=partial(_targets, settings, clock, observe))]
    kinds = {one.get_secret_value().partition(":")[0] for one in settings.notify.urls}
    if aws := sorted(kinds - {"http", "https"}):
        profile = settings.destination.profile
        look = partial(_credentials, " and ".join(aws), profile)
        checks.append(Check(name="AWS credentials", look=look, after=("targets",)))
    return carried_out(checks)


def target_keys(settings: Settings) -> frozenset[str]:
    """Return what the journals call the targets of [notify]."""
    programs = (key_of(one.get_secret_value()) for one in settings.notify.urls)
    people = enumerate(settings.notify.alerts, 1)
    return frozenset((*programs, *(Alert(one.get_secret_value(), n).key for n, one in people)))


def monitoring(settings: Settings) -> Generator[Finding, None, None]:
    """Yield what [telemetry] needs."""
    asked, checks = settings.telemetry, list[Check]()
    if asked.prometheus_file:
        file = settings.folder / asked.prometheus_file
        checks.append(Check(name="prometheus_file", look=partial(_file, file)))
    if asked.otlp:
        checks.append(Check(name="otlp", look=_collector))
    return carried_out(checks)


def _targets(settings: Settings, clock: Clock, observe: Observe) -> Finding:
    """Return how many targets there are; raises what is wrong with them."""
    Announcing(settings, clock=clock, observe=observe, closing=ExitStack())
    programs, people = settings.notify.urls, settings.notify.alerts
    told = f"{plural(len(programs), 'program')}, {plural(len(people), 'address', 'addresses')}"
    return fine(f"{told} of people; nothing was sent to try them")


def _credentials(kinds: str, profile: str | None) -> Finding:
    try:
        found = session_of(S3Options(bucket="", profile=profile)).get_credentials()
        if found is not None:
            found.get_frozen_credentials()
    except Exception as problem:  # noqa: BLE001 - botocore's many kinds
        return doubtful(
            f"for {kinds}: AWS credentials can't be read ({type(problem).__name__})",
            _NO_CREDENTIALS,
        )
    if found is None:
        return doubtful(
            f"for {kinds}: no AWS credentials were found; no message would be sent",
            _NO_CREDENTIALS,
        )
    return fine(f"for {kinds}: found")


def _file(file: Path) -> Finding:
    folder = file.parent
    if not folder.is_dir():
        return doubtful(
            f"{file} can't be written: there is no folder {folder}",
            "Create the folder, or correct prometheus_file in [telemetry].",
        )
    if not os.access(folder, os.W_OK | os.X_OK) or file.is_dir():
        return doubtful(
            f"{file} can't be written",
            "Let the user of the export write to the folder: the file is replaced by rename.",
        )
    return fine(f"{file} can be written")


def _collector() -> Finding:
    try:
        from ..telemetry.senders import endpoints  # noqa: PLC0415 - an extra
    except ImportError as missing:
        return wrong(
            f"telemetry.otlp needs OpenTelemetry's SDK: {missing.name} is not installed",
            how_to_install("otel"),
        )
    try:
        found = endpoints()
    except Exception as problem:  # noqa: BLE001 - a variable of the SDK's, mostly
        return doubtful(
            f"OpenTelemetry's SDK refuses its variables ({type(problem).__name__})",
            "Check the variables that begin with OTEL_.",
        )
    for host, port in found:
        try:
            socket.create_connection((host, port), timeout=_PATIENCE_S).close()
        except OSError as problem:
            return doubtful(
                f"no connection to the collector at {host}:{port}: {problem.strerror or problem}",
                "Check OTEL_EXPORTER_OTLP_ENDPOINT, and that the collector is running.",
            )
    return fine(" and ".join(f"{host}:{port} accepts connections" for host, port in found))
