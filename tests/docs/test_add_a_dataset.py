"""The page that adds a dataset, followed to the letter in a copy of the source tree."""

from __future__ import annotations

import csv
import gzip
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from fakes import some

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/how-to/add-a-dataset.md"
_BLOCK = re.compile(r"^```json (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Return a copy of the packages with the page's files, and nothing else."""
    copy = tmp_path_factory.mktemp("tree")
    shutil.copytree(ROOT / "src", copy / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name, text in _BLOCK.findall(PAGE.read_text("utf-8")):
        assert not (copy / name).exists(), f"{name} is there already"
        (copy / name).write_text(text, "utf-8")
    return copy


@pytest.fixture(scope="module")
def genesys(tree):
    """Serve the simulator of the copy, in a process of its own."""
    program = (
        "import sys\n"
        "from genesys_simulator import World, serve\n"
        "with serve(World.generated(per_day=20)) as genesys:\n"
        "    print(genesys.base_url, genesys.client_id, genesys.client_secret, flush=True)\n"
        "    sys.stdin.read()\n"
    )
    server = subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environ(tree),
    )
    try:
        base_url, client_id, client_secret = some(server.stdout).readline().split()
        yield {
            "GENESYS_CLOUD_BASE_URL": base_url,
            "GENESYS_CLIENT_ID": client_id,
            "GENESYS_CLIENT_SECRET": client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.1s",
        }
    finally:
        some(server.stdin).close()
        server.wait(10)
        some(server.stdout).close()


def _environ(tree: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(tree / "src")}


def command(tree, genesys, *words, status=0):
    ran = subprocess.run(
        [sys.executable, "-m", "genesys_export", *words],
        capture_output=True,
        text=True,
        cwd=tree,
        env=_environ(tree) | genesys,
        timeout=60,
        check=False,
    )
    assert ran.returncode == status, ran.stderr
    return ran.stdout


def test_the_declaration_is_short_and_the_only_file_of_the_package():
    files = _BLOCK.findall(PAGE.read_text("utf-8"))
    ours = [(name, text) for name, text in files if name.startswith("src/genesys_export/")]
    assert [name for name, _ in ours] == ["src/genesys_export/datasets/stations.json"]
    assert len(ours[0][1].splitlines()) <= 60


def test_a_new_dataset_is_exported_verified_and_shown_without_a_line_elsewhere(tree, genesys):
    command(tree, genesys, "run", "--dataset", "stations", "--to", "lake")
    (file,) = (tree / "lake/dim_stations").glob("*.csv.gz")
    with gzip.open(file, "rt", newline="") as lines:
        rows = [(row["name"], row["status"], row["_extra"]) for row in csv.DictReader(lines)]
    assert rows == [
        ("Desk 1", "AVAILABLE", ""),
        ("Desk 2", "ASSOCIATED", '{"webRtcPersistentEnabled":true}'),
        ("Desk 3", "AVAILABLE", ""),
    ]
    (manifest,) = (tree / "lake/_genesys_export/stations").glob("*/manifest.json")
    assert json.loads(manifest.read_text())["state"] == "final"
    assert "final" in command(tree, genesys, "status", "--dataset", "stations", "--to", "lake")
    day = file.name.removesuffix(".csv.gz")
    verify = ("verify", "--dataset", "stations", "--to", "lake", "--date", day)
    assert "OK: everything matches the manifest" in command(tree, genesys, *verify)
    told = command(tree, genesys, "doctor", "--dataset", "stations", "--to", "lake")
    assert "dim_stations: the list can be read" in told


def test_a_new_dataset_is_in_the_dictionary_and_the_scripts(tree, genesys):
    assert "dim_stations" in command(tree, genesys, "tables", "--markdown")
    script = command(tree, genesys, "tables", "--ddl", "duckdb", "--table", "dim_stations")
    assert 'CREATE TABLE IF NOT EXISTS "dim_stations"' in script
    assert 'CREATE OR REPLACE VIEW "dim_stations_history"' in script
