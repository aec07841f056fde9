"""How to access a bucket: botocore's client, and what it raises when an answer breaks off.

Credentials are found where every AWS SDK looks, or come with a session. Sends no request.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, cast

from .options import S3Options

if TYPE_CHECKING:
    from botocore.session import Session
    from mypy_boto3_s3 import S3Client

_CONNECT_S = 10.0

# Held while a paginator is made. For the first one botocore looks through the folders of all
# services: fifteen files completed at once made it do so in eight threads.
LOOKING_UP = Lock()


def session_of(options: S3Options) -> Session:
    """Return a session, which loads the description of S3 once for all its clients."""
    from botocore.session import Session  # noqa: PLC0415 - 50 ms that --help need not wait for

    return Session(profile=options.profile)


def client_of(options: S3Options, attempts: int, session: Session) -> S3Client:
    """Return a client that tries each call `attempts` times; raises what botocore does."""
    from botocore.config import Config  # noqa: PLC0415 - as above

    config = Config(
        retries={"mode": "standard", "total_max_attempts": attempts},
        connect_timeout=_CONNECT_S,
        read_timeout=options.timeout_s,
        max_pool_connections=32,
        user_agent_extra="genesys-export",
    )
    client = session.create_client(
        "s3", region_name=options.region, endpoint_url=options.endpoint_url, config=config
    )
    return cast("S3Client", client)


def broken_off() -> tuple[type[Exception], ...]:
    """Return what botocore raises when a body ends too early or not at all."""
    from botocore import exceptions  # noqa: PLC0415 - as above

    return (
        exceptions.IncompleteReadError,
        exceptions.ReadTimeoutError,
        exceptions.ResponseStreamingError,
    )
