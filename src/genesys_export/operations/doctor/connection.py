"""The bucket as the checks use it: connected at first use.

Knows botocore as far as s3.py does. An answer that says "there is none" is None; where a look is
refused, the finding names the IAM action, and nothing has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ...errors import ExportError, NotPermitted, SignInRefused
from ...findings import Finding, unseen
from ...store.options import S3Options
from ...store.s3 import S3Store
from ...store.s3_client import client_of, session_of
from ...store.translate import translated

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client


class Connection:
    """Clients for one bucket; used by one thread."""

    def __init__(self, options: S3Options, session: Session | None) -> None:
        """Connect to nothing yet; `session` has its own credentials."""
        self.options = options
        self._session = session

    @property
    def url(self) -> str:
        """Return `s3://bucket`."""
        return f"s3://{self.options.bucket}"

    @cached_property
    def session(self) -> Session:
        """Where the credentials come from; raises WrongSettings for an unknown profile."""
        with translated("s3:ListBucket", self.url):
            return self._session or session_of(self.options)

    @cached_property
    def client(self) -> S3Client:
        """A client as the store has one."""
        with translated("s3:ListBucket", self.url):
            return client_of(self.options, self.options.max_attempts, self.session)

    @cached_property
    def store(self) -> S3Store:
        """The store that an export would write to."""
        return S3Store(self.options, session=self.session)

    def ask(
        self, action: str, operation: str, *, absent: Collection[str] = (), **arguments: object
    ) -> Mapping[str, Any] | None:
        """Return the answer of an operation; None if it is one of the codes `absent`.

        `action` is the IAM action it needs. Raises what `translated` makes of errors.
        """
        with translated(action, self.url):
            try:
                answer: Mapping[str, Any] = getattr(self.client, operation)(
                    **self.options.owner(), **arguments
                )
            except self.client.exceptions.ClientError as problem:
                if problem.response.get("Error", {}).get("Code") in absent:
                    return None
                raise
        return answer

    def close(self) -> None:
        """Close what was connected."""
        for name in ("client", "store"):
            if name in vars(self):
                with suppress(ExportError):
                    getattr(self, name).close()


def glance(action: str, look: Callable[[], Finding]) -> Finding:
    """Check what an export does not need: an error is not a failure."""
    try:
        return look()
    except SignInRefused:
        raise
    except NotPermitted:
        return unseen(
            f"not checked: {action} is not permitted",
            f"Allow {action} on the bucket so that doctor can check this; exports don't need it.",
        )
    except ExportError as problem:
        return unseen(f"the store does not tell: {problem.message}")
