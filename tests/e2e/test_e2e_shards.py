"""Organisations divided among processes that know nothing of each other."""

from __future__ import annotations

import json
from contextlib import ExitStack
from hashlib import sha256

import pytest
from e2e_command import Command, finished

from genesys_simulator import World

SPAN = ("--start", "2025-11-10", "--end", "2025-11-12")
NAMES = ("amer", "apac", "emea", "latam")
WORLDS = {name: World.generated(seed=seed, per_day=60) for seed, name in enumerate(NAMES)}


def organisations(command: Command, genesys, **options):
    """Write settings with a Genesys Cloud for each organisation; return the simulators."""
    served = {name: genesys(WORLDS[name], **options) for name in NAMES}
    lines = [
        f'[orgs.{name}]\nbase_url = "{each.base_url}"\nclient_id = "{each.client_id}"\n'
        f'client_secret = "{each.client_secret}"\npoll_first = "0.05s"\n'
        for name, each in served.items()
    ]
    (command.folder / "genesys-export.toml").write_text("".join(lines))
    return served


def digests(command: Command) -> dict[str, str]:
    """Return the SHA-256 of every data file; manifests have times and random tokens in them."""
    return {
        str(path.relative_to(command.lake)): sha256(path.read_bytes()).hexdigest()
        for path in command.lake.rglob("*.csv.gz")
        if "_genesys_export" not in path.parts
    }


def exported(command: Command) -> set[str]:
    return {path.name for path in command.lake.iterdir()} - {"_genesys_export"}


def test_three_shards_export_what_one_process_does_within_the_limit_of_each_client(
    tmp_path, genesys
):
    one, three = Command(tmp_path / "one"), Command(tmp_path / "three")
    one.folder.mkdir()
    three.folder.mkdir()
    alone = organisations(one, genesys)
    one("backfill", "--to", one.lake, *SPAN).ends(0)
    # An organisation that two shards took, or a day that was exported twice, would meet a 429.
    most = max(len(each.requests) for each in alone.values()) + 3
    served = organisations(three, genesys, requests_per_minute=most, limit_by="client")
    told = ("backfill", "--to", three.lake, *SPAN)
    with ExitStack() as stack:
        shards = [
            stack.enter_context(three.started(*told, "--shard", f"{n}/3", "--report", f"{n}.json"))
            for n in (1, 2, 3)
        ]
        for each in shards:
            finished(each).ends(0)
    reports = [json.loads((three.folder / f"{n}.json").read_text()) for n in (1, 2, 3)]
    assert [report["totals"]["throttled"] for report in reports] == [0, 0, 0]
    taken = [{day["org"] for day in report["days"]} for report in reports]
    assert taken == [{"amer", "latam"}, {"apac"}, {"emea"}]
    assert [len(each.asked("token")) for each in served.values()] == [1] * 4
    assert digests(three) == digests(one)
    assert len(digests(one)) >= 3 * 4 * 15


def test_a_shard_without_an_organisation_ends_well_and_says_why(command, genesys):
    served = organisations(command, genesys)
    sentence = "shard 5/5 has no organisation: the settings have 4 organisations"
    given = ("--to", command.lake, "--shard", "5/5")
    for words in (("backfill", *given, *SPAN), ("run", *given)):
        assert sentence in command(*words, "--report", "report.json").ends(0).err
        assert json.loads((command.folder / "report.json").read_text())["days"] == []
        assert sentence in command(*words, "--dry-run").ends(0).out
    assert not any(each.requests for each in served.values())
    assert not command.lake.exists() or not [*command.lake.rglob("*.*")]


@pytest.mark.parametrize(
    ("shard", "words"),
    [
        ("0/3", "shard 0/3 does not exist: shards are numbered from 1 to 3"),
        ("4/3", "shards are numbered from 1 to 3"),
        ("three", "shard 'three' is not valid"),
        ("auto", "none of GENESYS_EXPORT_SHARD, AWS_BATCH_JOB_ARRAY_INDEX and"),
        ("", "--shard is empty"),
    ],
)
def test_a_shard_that_makes_no_sense_ends_with_2(command, genesys, shard, words):
    organisations(command, genesys)
    result = command.run("--date", "2025-11-10", "--shard", shard).ends(2)
    assert words in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    "variables",
    [
        {"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "4"},
        {"GENESYS_EXPORT_SHARD": "2/4"},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_a_scheduler_tells_the_shard_in_the_environment(command, genesys, variables):
    organisations(command, genesys)
    told = command.with_variables(**variables)
    said = told.run("--date", "2025-11-10", "--shard", "auto").ends(0).err
    assert " shard shard=2/4 orgs=apac\n" in said
    assert exported(command) == {"apac"}


def test_a_shard_of_the_environment_is_never_ignored(command, genesys):
    organisations(command, genesys)
    day = ("--date", "2025-11-10")
    told = command.with_variables(GENESYS_EXPORT_SHARD="2/3")
    result = told.run(*day, "--org", "emea").ends(2)
    assert "--org emea and GENESYS_EXPORT_SHARD 2/3 exclude each other" in result.err
    empty = command.with_variables(GENESYS_EXPORT_SHARD="")
    assert "GENESYS_EXPORT_SHARD is empty" in empty.run(*day).ends(2).err
    assert not command.lake.exists()


def test_a_pod_without_a_shard_says_that_it_exports_all(command, genesys):
    organisations(command, genesys)
    pod = command.with_variables(JOB_COMPLETION_INDEX="2")
    result = pod.run("--date", "2025-11-10", "--table", "surveys").ends(0)
    assert "JOB_COMPLETION_INDEX is set but --shard is not given" in result.err


def test_a_pod_of_an_indexed_job_is_told_how_many_there_are(command, genesys):
    organisations(command, genesys)
    pod = command.with_variables(JOB_COMPLETION_INDEX="2")
    assert "--shard auto/COUNT" in pod.run("--date", "2025-11-10", "--shard", "auto").ends(2).err
    pod.run("--date", "2025-11-10", "--shard", "auto/4").ends(0)
    assert exported(command) == {"emea"}
