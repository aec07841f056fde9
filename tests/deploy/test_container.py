"""The Dockerfile as text (no Docker is here), and what it promises, tried without it.

The promise is that a run into a bucket needs no file: that is what lets the root be read-only.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib

import pytest
from deploy_files import DEPLOY, ROOT, RUN_FLAGS, flags_of, text

from genesys_simulator import World, serve
from s3_servers import BUCKET

NAME = "Dockerfile"
UID = "10001"
# Reports every file that the program opens for writing, makes, moves or removes.
WATCHED = """
import os, sys

WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink"}

def watch(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and arguments[2] & WRITES:
        if os.fsdecode(arguments[0]) != os.devnull:
            print("wrote", os.fsdecode(arguments[0]))
    elif event in CHANGES:
        print(event, arguments[0])

sys.addaudithook(watch)
from genesys_export.cli import main
main(sys.argv[1:])
"""


@pytest.fixture
def stages():
    """Return the instructions of each stage: name and arguments, continued lines joined."""
    lines = re.sub(r"\\\n", " ", re.sub(r"^#.*\n", "", text(NAME), flags=re.MULTILINE))
    found: list[list[tuple[str, str]]] = [[]]
    for line in filter(None, map(str.strip, lines.splitlines())):
        name, _, arguments = line.partition(" ")
        if name == "FROM":
            found.append([])
        found[-1].append((name, arguments.strip()))
    return found


def values(stage, name):
    return [arguments for instruction, arguments in stage if instruction == name]


def test_every_instruction_is_one(stages):
    known = {"ARG", "FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "HEALTHCHECK"}
    known |= {"ENTRYPOINT", "CMD"}
    assert {name for stage in stages for name, _ in stage} == known


def test_the_base_is_an_argument(stages):
    before, build, final = stages
    assert values(before, "ARG") == ["BASE=python:3.13-slim"]
    assert values(build, "FROM") == ["${BASE} AS build"]
    assert values(final, "FROM") == ["${BASE}"]


def test_what_is_copied_is_there_and_is_not_ignored(stages):
    copied = [each.split()[:-1] for each in values(stages[1], "COPY")]
    names = [name for each in copied for name in each]
    assert [name for name in names if not (ROOT / name).exists()] == []
    kept = re.findall(r"^!(.*)$", text(f"{NAME}.dockerignore"), re.MULTILINE)
    assert sorted(kept) == sorted(names)


def test_what_the_build_of_the_package_reads_is_copied(stages):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    copied = " ".join(values(stages[1], "COPY")).split()
    needed = [project["project"]["readme"], *project["project"]["license-files"]]
    assert set(needed) <= set(copied)


def test_it_runs_as_the_number_that_the_other_files_name(stages):
    assert values(stages[2], "USER") == [f"{UID}:{UID}"]
    for name in ("kubernetes-cronjob.yaml", "ecs-fargate.yaml"):
        assert UID in text(name)
    assert f"--uid {UID}" in values(stages[2], "RUN")[0]


def test_health_is_the_exit_status_of_a_command_that_exists(stages):
    assert values(stages[2], "HEALTHCHECK") == ["NONE"]
    assert json.loads(values(stages[2], "ENTRYPOINT")[0]) == ["genesys-export"]
    command = json.loads(values(stages[2], "CMD")[0])
    assert command[0] == "run"
    assert flags_of(command) <= RUN_FLAGS


def test_the_settings_are_looked_for_where_the_manifest_mounts_them(stages):
    (folder,) = values(stages[2], "WORKDIR")
    assert f"mountPath: {folder}\n" in text("kubernetes-cronjob.yaml")


def test_a_run_into_a_bucket_writes_no_file(tmp_path, moto):
    with serve(World.generated(per_day=50)) as genesys:
        done = subprocess.run(
            [sys.executable, "-B", "-c", WATCHED, "run", "--date", "2026-11-02"],
            cwd=tmp_path,
            env={
                "PYTHONPATH": ":".join(path for path in sys.path if path),
                "HOME": "/nonexistent",
                "GENESYS_CLOUD_BASE_URL": genesys.base_url,
                "GENESYS_CLIENT_ID": genesys.client_id,
                "GENESYS_CLIENT_SECRET": genesys.client_secret,
                "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
                "GENESYS_EXPORT_DESTINATION__TO": f"s3://{BUCKET}/container",
                "AWS_ENDPOINT_URL_S3": moto.endpoint_url,
                "AWS_ACCESS_KEY_ID": moto.access_key,
                "AWS_SECRET_ACCESS_KEY": moto.secret_key,
                "AWS_DEFAULT_REGION": "us-east-1",
            },
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_no_file_names_a_registry_or_a_machine():
    """Image names carry no host: whoever copies a file says where the image lies."""
    for file in sorted(DEPLOY.iterdir()):
        content = file.read_text("utf-8")
        assert not re.search(r"docker\.io|ghcr|quay\.io|gcr\.io|pypi|\.ecr\.", content), file
        assert not re.search(r"/work/|/tmp/|/Users/|/home/\w", content), file
