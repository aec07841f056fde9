"""Every error of the program, as a tree of what a person can do about it.

    ExportError
    ├── WrongUse                 2   the command line makes no sense
    ├── DataMismatch            65   what was read does not match what was promised
    ├── GenesysUnavailable      69   Genesys did not answer in time, or not with an answer
    │   ├── RequestRefused      69   a 4xx that no retry can fix
    │   └── JobFailed           69   the asynchronous job ended without results, again and again
    ├── Bug                     70   our own fault
    ├── DestinationFailed       74   the bucket or folder would not take or give the bytes
    │   ├── NeverSent           74   no connection, so that not even a write can have happened
    │   └── UnknownOutcome      74   a conditional write got no clear answer
    ├── TryAgainLater           75   nothing is wrong, it is only too early
    │   ├── ChangedMeanwhile    75   somebody else wrote the object first
    │   └── DeadlineReached     75   the time given to the call is over; the next call continues
    ├── NotPermitted            77   a permission is missing
    │   └── SignInRefused       77   the credentials are not accepted
    ├── WrongSettings           78   a setting is missing or wrong
    │   └── NotAFile            78   something else than a file lies where one is expected
    └── Stopped            130/143   a signal ended the run

Statuses are sysexits.h but for 2 and the signals. Messages say what happened, to which day, page
or key; `advice` says what to do. Neither ever holds a secret or a customer's data: whatever stands
in them has gone through `redaction`, so that claims, reports and terminals may take them as is.
"""

from __future__ import annotations

import signal
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from .redaction import clean_lines


class Aftermath(StrEnum):
    """What is published of a day after an error."""

    PUBLISHED = "published"  # the new version; the error is about something beside it
    UNCHANGED = "unchanged"  # what was published before this run, if anything
    PUBLISHING = "publishing"  # the commit decision is made; the next run finishes it
    DAMAGED = "damaged"  # some files may be new and some old; the manifest says so
    UNKNOWN = "unknown"  # it is not known whether the commit decision was written


class ExportError(Exception):
    """The root: a sentence of what happened, a sentence of what to do, an exit status."""

    exit_status: ClassVar[int] = 70
    default_advice: ClassVar[str] = ""
    retry_at: datetime | None = None  # from when on a new try may succeed, if that is known

    def __init__(
        self, message: str, *, advice: str | None = None, retry_at: datetime | None = None
    ) -> None:
        """Keep the two sentences, without secrets and control characters."""
        self.message = clean_lines(message)
        self.advice = self.default_advice if advice is None else clean_lines(advice)
        self.aftermath = Aftermath.UNCHANGED
        self.retry_at = retry_at
        super().__init__(self.message)

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle as it is, whatever its constructor takes; without cause and traceback."""
        return _restored, (type(self), self.__dict__)

    def __str__(self) -> str:
        """Return what happened."""
        return self.message

    @property
    def status(self) -> int:
        """The exit status this error ends the process with."""
        return self.exit_status


def in_sentences(message: str, advice: str) -> str:
    """Return what happened and what to do."""
    return f"{message.rstrip('.')}. {advice}".rstrip()


def unpicklable(what: str) -> WrongUse:
    """Return the error of who tries to pickle something that holds a secret."""
    return WrongUse(
        f"{what} can't be pickled",
        advice="Put the secret into the environment of each process"
        " (such as GENESYS_CLIENT_SECRET), or into the settings file, and pickle the Exporter.",
    )


def how_to_install(extra: str) -> str:
    """Return the advice where an optional part of the package is not installed."""
    return f"Install the extra [{extra}] in your clone of the project: pip install '.[{extra}]'"


def _restored(kind: type[ExportError], state: dict[str, object]) -> ExportError:
    problem = kind.__new__(kind, state["message"])
    problem.__dict__.update(state)
    return problem


class WrongUse(ExportError):
    """The command line makes no sense."""

    exit_status = 2
    default_advice = "See `genesys-export --help`."


class DataMismatch(ExportError):
    """What was read does not match what was promised."""

    exit_status = 65
    default_advice = "The previously published version is unchanged; see the report."


class GenesysUnavailable(ExportError):
    """Genesys did not answer in time, or not with an answer."""

    exit_status = 69
    default_advice = "Run the same command again later; nothing was published."


class RequestRefused(GenesysUnavailable):
    """A 4xx that no retry can fix."""

    default_advice = "Give the correlation id to Genesys Cloud support if the request looks right."

    def __init__(
        self, message: str, *, http_status: int, code: str = "", advice: str | None = None
    ) -> None:
        """Keep what Genesys said, so that callers can distinguish refusals."""
        super().__init__(message, advice=advice)
        self.http_status = http_status
        self.code = code


class JobFailed(GenesysUnavailable):
    """The asynchronous job ended without results, again and again."""


class Bug(ExportError):
    """Our own fault."""

    default_advice = "Run again with --verbose and report the traceback."


class DestinationFailed(ExportError):
    """The bucket or folder would not take or give the bytes."""

    exit_status = 74
    default_advice = "Run the same command again; the previously published version is unchanged."


class NeverSent(DestinationFailed):
    """There was no connection: the request was not executed."""


def as_known(problem: Exception, whose: str = "") -> ExportError:
    """Return any error as one that can be shown: a foreign one is a bug or the system's.

    `whose` is what it happened to: a day, say. Of a foreign error only its kind is told: its text
    may hold a customer's data.
    """
    if isinstance(problem, ExportError):
        return problem
    about = f"{whose}: " if whose else ""
    told: ExportError = Bug(f"{about}a bug: {type(problem).__name__}")
    if isinstance(problem, OSError):
        told = DestinationFailed(
            f"{about}reading or writing failed: {problem.strerror}",
            advice="Check the disk and where the output goes; --verbose shows where it failed.",
        )
    told.__cause__ = problem
    return told


class UnknownOutcome(DestinationFailed):
    """A conditional write got no clear answer: it may have happened or not."""


class TryAgainLater(ExportError):
    """Not an error: it is too early, or another run is working on it."""

    exit_status = 75
    default_advice = "Run the same command again later."


class ChangedMeanwhile(TryAgainLater):
    """The object is not (or no longer) what the condition named; nothing was written."""


class DeadlineReached(TryAgainLater):
    """The time given to the call is over; the next call continues where this one ended."""

    default_advice = "Run the same command again, to continue where this run ended."

    def __init__(
        self,
        message: str,
        *,
        retry_at: datetime | None = None,
        advice: str | None = None,
        waited_for: str = "",
    ) -> None:
        """Keep the reason of the wait that would have ended too late, if that is why."""
        super().__init__(message, advice=advice, retry_at=retry_at)
        self.waited_for = waited_for


class NotPermitted(ExportError):
    """A permission is missing; the message names it."""

    exit_status = 77

    def __init__(
        self, message: str, *, permissions: tuple[str, ...] = (), advice: str | None = None
    ) -> None:
        """Keep which permissions would help, any of them, where that is known."""
        super().__init__(message, advice=advice)
        self.permissions = permissions


class SignInRefused(NotPermitted):
    """The credentials are not accepted."""


class WrongSettings(ExportError):
    """A setting is missing or wrong; the message names all of them, one a line."""

    exit_status = 78


class NotAFile(WrongSettings):
    """A pipe, a device or a directory lies where a file is expected."""


class Stopped(ExportError):
    """A signal ended the run, cleanly."""

    default_advice = (
        "Run the same command again: finished days are kept, unfinished ones are not published."
    )

    def __init__(self, signum: int, by: str = "") -> None:
        """Name the signal, or what else asked for the stop as the signal would have."""
        super().__init__(f"stopped by {by or signal.Signals(signum).name}")
        self.signum = signum

    @property
    def status(self) -> int:
        """128 + the signal's number, as shells do."""
        return 128 + self.signum


# Which status several days or datasets together end with: the first of these that occurs (C14).
PRECEDENCE = (70, 78, 77, 74, 65, 69, 75, 0)


def worst(statuses: tuple[int, ...]) -> int:
    """Return the exit status of several outcomes together."""
    for status in PRECEDENCE:
        if status in statuses:
            return status
    return max(statuses, default=0)
