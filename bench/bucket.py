"""A SeaweedFS in a process of its own: a real S3 server, with one bucket, on loopback.

Knows how it is started and how many requests it was sent; a contender gets a prefix in it.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

BUCKET = "bench"
REGION = "us-east-1"
_READY_S = 60.0
_PORTS = ("master.port", "volume.port", "filer.port", "s3.port")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Where the bucket is, and who may write there."""

    endpoint_url: str
    metrics_url: str
    key: str = "benchkey"
    secret: str = field(default="benchsecret123", repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """What a child process is to find in its environment."""
        return {
            "AWS_ENDPOINT_URL_S3": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true",
            "BENCH_BUCKET": BUCKET,
        }

    @contextmanager
    def client(self) -> Iterator[Any]:
        """Give a client of the owner."""
        client = boto3.client(
            "s3",
            endpoint_url=self.endpoint_url,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            region_name=REGION,
            config=Config(retries={"total_max_attempts": 5}),
        )
        try:
            yield client
        finally:
            client.close()

    def objects(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield key (without the prefix) and bytes of every object under the prefix."""
        with self.client() as client:
            for key in _keys(client, prefix):
                body = client.get_object(Bucket=BUCKET, Key=key)["Body"]
                yield key.removeprefix(prefix), body.read()

    def size(self, prefix: str) -> int:
        """Return how many bytes lie under the prefix."""
        with self.client() as client:
            pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
            return sum(one["Size"] for page in pages for one in page.get("Contents", ()))

    def clear(self, prefix: str) -> None:
        """Delete what lies under the prefix."""
        with self.client() as client:
            for key in list(_keys(client, prefix)):
                client.delete_object(Bucket=BUCKET, Key=key)

    def requests(self) -> dict[str, int]:
        """Return how many requests of each kind the server has met."""
        with urllib.request.urlopen(f"{self.metrics_url}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        found: dict[str, int] = {}
        for line in re.findall(r"^SeaweedFS_s3_request_total\{.*$", text, re.MULTILINE):
            kind = re.search(r'type="([^"]*)"', line)
            name = kind.group(1) if kind else "?"
            found[name] = found.get(name, 0) + int(float(line.rpartition(" ")[2]))
        return found


def _keys(client: Any, prefix: str) -> Iterator[str]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    return (one["Key"] for page in pages for one in page.get("Contents", ()))


@contextmanager
def bucket(home: Path) -> Iterator[Bucket]:
    """Run a server whose data lies in `home` until the block ends."""
    ports = _free_ports(2 * len(_PORTS) + 1)
    here = "http://127.0.0.1"
    served = Bucket(endpoint_url=f"{here}:{ports[6]}", metrics_url=f"{here}:{ports[8]}")
    (home / "data").mkdir(parents=True)
    (home / "s3.json").write_text(json.dumps(_owner(served)))
    with ExitStack() as closing:
        log = closing.enter_context((home / "weed.log").open("wb"))
        child = subprocess.Popen(
            _command(home, ports),
            cwd=home,
            env={"PATH": os.environ["PATH"], "HOME": str(home), "GOMEMLIMIT": "700MiB"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        closing.callback(child.wait)
        closing.callback(child.kill)  # asked politely it takes ten seconds
        _await_ready(child, served)
        with served.client() as client:
            client.create_bucket(Bucket=BUCKET)
        yield served


def _command(home: Path, ports: list[int]) -> list[str]:
    names = [name for each in _PORTS for name in (each, f"{each}.grpc")]
    return [
        str(Path(sys.executable).with_name("weed")),
        "-logtostderr=true",
        "server",
        f"-dir={home / 'data'}",
        "-ip=127.0.0.1",
        "-ip.bind=127.0.0.1",
        "-master.volumeSizeLimitMB=1024",
        "-master.electionTimeout=1s",
        "-volume.max=100",
        "-s3",
        f"-s3.config={home / 's3.json'}",
        "-s3.autoCreateBucket=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        f"-metricsPort={ports[8]}",
        "-metricsIp=127.0.0.1",
        *(f"-{name}={port}" for name, port in zip(names, ports, strict=False)),
    ]


def _owner(served: Bucket) -> dict[str, Any]:
    credentials = [{"accessKey": served.key, "secretKey": served.secret}]
    actions = ["Admin", "Read", "List", "Tagging", "Write"]
    return {"identities": [{"name": "owner", "credentials": credentials, "actions": actions}]}


def _free_ports(count: int) -> list[int]:
    """Return ports that are free now, below the range of outgoing connections."""
    found: list[int] = []
    port = 9_000 + os.getpid() * 17 % 8_000
    while len(found) < count:
        port += 1
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
    return found


def _await_ready(child: subprocess.Popen[bytes], served: Bucket) -> None:
    deadline = time.monotonic() + _READY_S
    while time.monotonic() < deadline and child.poll() is None:
        try:
            with urllib.request.urlopen(f"{served.endpoint_url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("SeaweedFS did not start: see weed.log")
