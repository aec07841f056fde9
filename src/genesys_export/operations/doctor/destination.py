"""Would an export be able to write there? Looks at a bucket or a folder, one check after another.

Everything that an export does to a destination is done once, to throw-away objects that are
removed again, whatever happens. What a bucket's settings are is looked up where that is permitted.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ...findings import Check, Finding, carried_out
from ...store.address import Bucket, located
from ...store.options import S3Options
from . import access, keeping
from .connection import Connection
from .folder import Folder
from .writing import Writing

if TYPE_CHECKING:
    from botocore.session import Session

__all__ = ["Concessions", "bucket", "destination"]

_HOME = "_genesys_export/.doctor"
_ATTEMPTS, _PATIENCE_S = 2, 20.0  # somebody waits for the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Concessions:
    """What the settings accept."""

    single_writer: bool = False  # a store that does not keep to conditions
    network_folder: bool = False
    stateless: bool = False  # no claims, no manifests: nothing is read, listed or deleted


def destination(
    to: str,
    options: Callable[[str, str], S3Options],
    *,
    now: Callable[[], datetime],
    token: str,
    concessions: Concessions = Concessions(),
) -> Generator[Finding, None, None]:
    """Yield the findings for the destination `to`; raises WrongSettings for an invalid address.

    `options` makes the S3 options of a bucket and a prefix; `token` names what is discarded.
    """
    place = located(to)
    if isinstance(place, Bucket):
        asked = options(place.name, place.prefix)
        return bucket(asked, now=now, token=token, concessions=concessions)
    return _folder(Folder(place.absolute(), token, network_ok=concessions.network_folder))


def bucket(
    options: S3Options,
    *,
    now: Callable[[], datetime],
    token: str,
    concessions: Concessions = Concessions(),
    session: Session | None = None,
) -> Generator[Finding, None, None]:
    """Yield the findings for a bucket; nothing is left there."""
    impatient = replace(options, max_attempts=_ATTEMPTS, timeout_s=_PATIENCE_S)
    with closing(Connection(impatient, session)) as connection:
        writing = Writing(connection, f"{_HOME}/{token}", alone=concessions.single_writer)
        checks = _of_uploads if concessions.stateless else _of_bucket
        try:
            yield from carried_out(checks(connection, writing, now))
        finally:
            writing.clean_up()


def _of_bucket(
    connection: Connection, writing: Writing, now: Callable[[], datetime]
) -> tuple[Check, ...]:
    reached = ("credentials", "connection")
    there = (*reached, "clock", "bucket")
    written = (*there, "put")
    return (
        Check(name="credentials", look=lambda: access.credentials(connection)),
        Check(name="connection", look=lambda: access.way(connection), after=("credentials",)),
        Check(name="clock", look=lambda: access.clock(connection, now), after=reached),
        Check(name="bucket", look=lambda: access.bucket(connection), after=(*reached, "clock")),
        Check(name="region", look=lambda: access.region(connection), after=there),
        Check(name="versioning", look=lambda: keeping.versioning(connection), after=there),
        Check(name="object lock", look=lambda: keeping.object_lock(connection), after=there),
        Check(name="lifecycle rule", look=lambda: keeping.lifecycle(connection), after=there),
        Check(name="put", look=writing.put, after=there),
        Check(name="encryption", look=writing.encryption, after=written),
        Check(name="get", look=writing.get, after=written),
        Check(name="list", look=writing.listed, after=written),
        Check(name="conditional writes", look=writing.conditions, after=written),
        Check(name="multipart upload", look=writing.multipart, after=written),
        Check(
            name="uploads in progress",
            look=writing.under_way,
            after=(*written, "multipart upload"),
        ),
        Check(name="abort", look=writing.abort, after=(*written, "multipart upload")),
        Check(name="delete", look=writing.delete, after=written),
    )


def _of_uploads(
    connection: Connection, writing: Writing, now: Callable[[], datetime]
) -> tuple[Check, ...]:
    """Return the checks of an export that only uploads, which two rights are enough for."""
    reached = ("credentials", "connection")
    return (
        Check(name="credentials", look=lambda: access.credentials(connection)),
        Check(name="connection", look=lambda: access.way(connection), after=("credentials",)),
        Check(name="clock", look=lambda: access.clock(connection, now), after=reached),
        Check(name="region", look=lambda: access.region(connection), after=reached),
        Check(name="lifecycle rule", look=lambda: keeping.lifecycle(connection), after=reached),
        Check(name="multipart upload", look=writing.staged, after=(*reached, "clock")),
    )


def _folder(folder: Folder) -> Generator[Finding, None, None]:
    try:
        yield from carried_out(
            (
                Check(name="folder", look=folder.made),
                Check(name="write", look=folder.write, after=("folder",)),
                Check(name="replace", look=folder.replace, after=("folder", "write")),
                Check(name="lock", look=folder.lock, after=("folder", "write")),
                Check(name="free space", look=folder.space, after=("folder",)),
                Check(name="file system", look=folder.file_system, after=("folder",)),
            )
        )
    finally:
        folder.clean_up()
