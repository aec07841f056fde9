"""What the pages' readers need: a Genesys Cloud, a bucket, the export that the pages look at."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs_reader import BIN, DAY, PER_DAY, TIMEOUT_S, Shell, environment, free_port

from genesys_simulator import Simulator, World, serve
from s3_servers import S3Server

BUCKET = "my-bucket"


@pytest.fixture(scope="session")
def genesys() -> Iterator[Simulator]:
    """A small organisation, for commands that only have to work."""
    with serve(World.generated(per_day=100)) as simulator:
        yield simulator


@pytest.fixture(scope="session")
def demo_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A day of the organisation that the demo shows, whose figures the pages name."""
    home = tmp_path_factory.mktemp("demo")
    with serve(World.generated(per_day=PER_DAY)) as simulator:
        # The names are those of yesterday: a snapshot of a past day can't be taken any more.
        for chosen in (["--date", DAY], ["--dataset", "dimensions"]):
            subprocess.run(
                [BIN / "genesys-export", "run", "--to", "demo-export", *chosen, "--quiet"],
                cwd=home,
                env=environment(home) | reaching(simulator),
                timeout=TIMEOUT_S,
                check=True,
            )
    return home / "demo-export"


@pytest.fixture
def shell(
    tmp_path: Path, genesys: Simulator, moto: S3Server, demo_export: Path
) -> Iterator[Shell]:
    """A reader's terminal, in a folder of its own that holds `demo-export`."""
    client = moto.client()
    client.create_bucket(Bucket=BUCKET)
    for found in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):  # another page's
        client.delete_object(Bucket=BUCKET, Key=found["Key"])
    client.close()
    shutil.copytree(demo_export, tmp_path / "demo-export")
    aws = {
        "AWS_ENDPOINT_URL_S3": moto.endpoint_url,
        "AWS_ACCESS_KEY_ID": moto.access_key,
        "AWS_SECRET_ACCESS_KEY": moto.secret_key,
    }
    reader = Shell(tmp_path, environment(tmp_path) | reaching(genesys) | aws, free_port())
    yield reader
    reader.close()


def reaching(simulator: Simulator) -> dict[str, str]:
    """Return the variables that lead to a simulator; its base URL beats any region."""
    return {
        "GENESYS_CLOUD_BASE_URL": simulator.base_url,
        "GENESYS_CLIENT_ID": simulator.client_id,
        "GENESYS_CLIENT_SECRET": simulator.client_secret,
        "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.1s",
    }
