"""Everything an export does to a bucket, done once to throw-away objects below one prefix.

Goes through the store that an export would use, so that encryption, tags and storage class are
those of an export. Whatever happens, `clean_up` leaves nothing behind that may be removed.
"""

from __future__ import annotations

from contextlib import suppress

from ...errors import (
    ChangedMeanwhile,
    DestinationFailed,
    ExportError,
    NotPermitted,
    UnknownOutcome,
)
from ...findings import Finding, doubtful, failed, fine, wrong
from ...model import Always, StagedFile
from ...plural import plural
from ...store.conditions import honours_preconditions
from .connection import Connection

_BODY = b"Written by `genesys-export doctor`, and removed again.\n"
_TYPE = "text/plain"


class Writing:
    """The objects of one examination; used by one thread."""

    def __init__(self, connection: Connection, home: str, *, alone: bool) -> None:
        """Write nothing yet; every key begins with `home`. `alone`: there is one writer only."""
        self._alone = alone
        self._connection, self._home = connection, home
        self._object, self._condition = f"{home}/object", f"{home}/condition"
        self._upload = f"{home}/upload"
        self._written: set[str] = set()  # keys, as far as they may be there
        self._versioned = False
        self._open: list[StagedFile] = []

    def put(self) -> Finding:
        """Write an object."""
        options = self._connection.options
        self._written.add(self._object)
        try:
            tag = self._connection.store.put(self._object, _BODY, Always(), _TYPE)
        except NotPermitted:  # where nothing can be written, deleting could only leave markers
            self._written.clear()
            raise
        self._versioned = (tag.version_id or "null") != "null"
        return fine("an object was written" + (f" with {options.sse}" if options.sse else ""))

    def encryption(self) -> Finding:
        """Say how the object is encrypted, and whether that was asked for."""
        options = self._connection.options
        key = options.key(self._object)
        told = self._connection.ask("s3:GetObject", "head_object", Key=key) or {}
        has = str(told.get("ServerSideEncryption") or "none reported")
        if options.sse and has != options.sse:
            return doubtful(
                f"asked for {options.sse}, but the store says: {has}",
                "Check whether the store can encrypt, and sse in [destination].",
            )
        return fine(has if options.sse else f"the bucket's default: {has}")

    def get(self) -> Finding:
        """Read the object back."""
        found = self._connection.store.read(self._object)
        if found is None or found.body != _BODY:
            what = "nothing" if found is None else "other bytes"
            return failed(
                DestinationFailed(f"{self._url}: {what} was returned instead of what was written")
            )
        return fine("the object was read back")

    def listed(self) -> Finding:
        """Find the object in a list."""
        if self._object not in list(self._connection.store.list(f"{self._home}/")):
            return failed(DestinationFailed(f"{self._url}: the object is not in the list"))
        return fine("the object is in the list")

    def conditions(self) -> Finding:
        """Try conditions that hold and conditions that don't."""
        if honours_preconditions(self._connection.store, self._condition):
            return fine("If-None-Match and If-Match are honoured")
        found = "the store accepts If-None-Match and If-Match on PUT but ignores them"
        if self._alone:
            return doubtful(found, "Make sure that two runs never write there at once.")
        return wrong(
            found,
            "Use a store that honours them; otherwise two runs can mix their files, and only "
            "`single_writer` works.",
        )

    def multipart(self) -> Finding:
        """Upload a file in parts, and complete it."""
        options = self._connection.options
        staged = self._staged()
        self._written.add(self._upload)
        self._connection.store.complete(staged)
        self._open.clear()
        asked = [
            options.storage_class or "",
            "tags" if options.tags else "",
            f"the ACL {options.acl}" if options.acl else "",
        ]
        with_them = " and ".join(one for one in asked if one)
        return fine("a file was uploaded" + (f" with {with_them}" if with_them else ""))

    def staged(self) -> Finding:
        """Upload a file in parts, and discard it instead of completing it."""
        staged = self._staged()
        self._connection.store.discard(staged)
        self._open.remove(staged)
        return fine("a file was uploaded in parts, then discarded")

    def under_way(self) -> Finding:
        """Find an upload that is not completed, and its parts."""
        store, staged = self._connection.store, self._staged()
        if not store.holds(staged):
            return failed(DestinationFailed(f"{self._url}: the parts sent are not listed"))
        if staged.upload_id not in {one.upload_id for one in store.uploads(f"{self._home}/")}:
            return failed(DestinationFailed(f"{self._url}: the upload in progress is not listed"))
        return fine("uploads and their parts are listed")

    def abort(self) -> Finding:
        """Abort an upload; it must not be completable afterwards."""
        store, staged = self._connection.store, self._staged()
        store.discard(staged)
        self._open.remove(staged)
        try:
            store.complete(staged)
        except (UnknownOutcome, ChangedMeanwhile):
            return fine("an aborted upload can't be completed")
        return failed(DestinationFailed(f"{self._url}: an aborted upload could be completed"))

    def delete(self) -> Finding:
        """Remove everything again."""
        for key in sorted(self._written):
            self._connection.store.delete(key)
            self._written.remove(key)
        if left := list(self._connection.store.list(f"{self._home}/")):
            return failed(
                DestinationFailed(f"{self._url}: {plural(len(left), 'object')} can't be removed")
            )
        if self._versioned and not self._without_versions():
            return doubtful(
                f"deleted, but old versions remain below {self._url}: s3:ListBucketVersions and "
                "s3:DeleteObjectVersion would remove them",
                "A lifecycle rule that expires old versions removes them later.",
            )
        return fine("everything written was deleted again")

    def clean_up(self) -> None:
        """Remove what is left, as far as possible; never raises for a store."""
        for staged in self._open:
            with suppress(ExportError):
                self._connection.store.discard(staged)
        for key in self._written:
            with suppress(ExportError):
                self._connection.store.delete(key)
        if self._written and self._versioned:
            self._without_versions()

    @property
    def _url(self) -> str:
        return self._connection.store.url(f"{self._home}/")

    def _staged(self) -> StagedFile:
        """Stage a small file; it is aborted at the end unless it was completed before."""
        upload = self._connection.store.stage(self._upload, "doctor", _TYPE)
        try:
            upload.write(_BODY)
            staged = upload.seal()
        except BaseException:  # a signal may end the examination anywhere
            with suppress(ExportError):
                upload.discard()
            raise
        self._open.append(staged)
        return staged

    def _without_versions(self) -> bool:
        """Remove the versions that a versioned bucket keeps; whether that was possible."""
        options = self._connection.options
        try:
            told = self._connection.ask(
                "s3:ListBucketVersions",
                "list_object_versions",
                Prefix=options.key(f"{self._home}/"),
            )
            for kind in ("Versions", "DeleteMarkers"):
                for one in (told or {}).get(kind) or ():
                    self._connection.ask(
                        "s3:DeleteObjectVersion",
                        "delete_object",
                        Key=one["Key"],
                        VersionId=one["VersionId"],
                    )
        except ExportError:
            return False
        return True
