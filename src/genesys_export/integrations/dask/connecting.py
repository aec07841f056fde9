"""From `--cluster` to a client: an address, or workers on this machine for as long as it runs.

TLS is what Dask's own configuration says (`distributed.comm.tls`).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ...errors import TryAgainLater, WrongUse, how_to_install
from ...redaction import clean
from ...settings.addresses import is_loopback

if TYPE_CHECKING:
    from distributed import Client

_LOCAL = re.compile(r"local(?::(\d{1,3}))?")
_PLAIN, _ENCRYPTED = {"tcp", "ws"}, {"tls", "wss"}
_CONNECT_S = 30


def check_address(address: str, *, allow_plain_text: bool) -> int | None:
    """Return how many workers `local:N` asks for (0: one a core), None for a scheduler's address.

    Raises WrongUse for what is neither, and for a scheduler that anybody on the way could command.
    """
    if found := _LOCAL.fullmatch(address):
        count = found[1]
        if count is not None and int(count) < 1:
            raise WrongUse("--cluster local:0 has no worker", advice="Use local:1 or more.")
        return int(count or 0)
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if parts.scheme not in _PLAIN | _ENCRYPTED or not host or not port:
        raise WrongUse(
            f"--cluster {clean(address)} is not the address of a Dask scheduler",
            advice="Use tls://HOST:PORT, tcp://HOST:PORT, local or local:N.",
        )
    if parts.scheme in _PLAIN and not is_loopback(host) and not allow_plain_text:
        raise WrongUse(
            f"--cluster {address} is not encrypted: who reaches that scheduler can run programs"
            " on its workers, and they have the credentials",
            advice="Use tls:// with Dask's certificates (distributed.comm.tls), or set"
            " allow_plain_text = true in [cluster] if the network is trusted.",
        )
    return None


@contextmanager
def connected(address: str, *, allow_plain_text: bool) -> Iterator[Client]:
    """Yield a client of the cluster; what was started here is ended at the end."""
    workers = check_address(address, allow_plain_text=allow_plain_text)
    try:
        from distributed import Client, LocalCluster  # noqa: PLC0415 - an extra
    except ImportError as problem:
        raise WrongUse(
            "--cluster needs Dask, which is not installed",
            advice=how_to_install("dask"),
        ) from problem
    for name in [
        name for name in logging.root.manager.loggerDict if name.startswith("distributed")
    ]:
        logging.getLogger(name).setLevel(logging.CRITICAL)  # errors are told in our words
    if workers is None:
        try:
            client = Client(address, timeout=_CONNECT_S)
        except OSError as problem:
            raise TryAgainLater(
                f"no Dask scheduler answers at {address}",
                advice="Start it (dask scheduler), check the address, then run the command again.",
            ) from problem
        with client:
            yield client
        return
    with (
        LocalCluster(
            n_workers=workers or None,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address=None,
            silence_logs=logging.CRITICAL,
        ) as cluster,
        Client(cluster) as client,
    ):
        yield client
