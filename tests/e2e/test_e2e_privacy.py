"""Protected personal data, as a user asks for it: nothing original is left, and joins hold."""

from __future__ import annotations

import gzip
import hashlib
import hmac
import json

import duckdb
import pyarrow.parquet as pq
import pytest
from canaries import DATASET, broken, nest, protected
from e2e_reading import TABLES

from genesys_simulator import World
from newest_day import NEWEST, ZONE

KEY = "a key of the tests, long enough"
HASHED = {"GENESYS_EXPORT_PRIVACY__KEY": KEY, "GENESYS_EXPORT_PRIVACY__PERSONAL": "hash"}


@pytest.fixture(scope="module")
def nests():
    return [nest(1), nest(2)]


@pytest.fixture(scope="module")
def canaries(nests) -> World:
    """Two conversations full of canaries, and a record that is rejected."""
    return World.of([*(one.record for one in nests), broken(1)])


def told(action: str) -> dict[str, str]:
    """Return the variables that do this to all personal and sensitive data."""
    names = ("PERSONAL", "SENSITIVE")
    return {"GENESYS_EXPORT_PRIVACY__KEY": KEY} | {
        f"GENESYS_EXPORT_PRIVACY__{name}": action for name in names
    }


def every_byte(lake) -> bytes:
    """Return all files, as they are, unpacked, and every value that Parquet holds."""
    pieces = []
    for name, stored in lake.snapshot().items():
        pieces.append(name.encode() + stored)
        if name.endswith(".gz"):
            pieces.append(gzip.decompress(stored))
        if name.endswith(".parquet"):
            pieces.append(str(pq.read_table(lake.root / name).to_pylist()).encode())
    return b"\n".join(pieces)


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
@pytest.mark.parametrize("action", ["keep", "drop", "mask", "hash"])
def test_no_original_value_is_left_anywhere(
    command, genesys, lake, canaries, nests, day, action, form
):
    exporter = command.against(genesys(canaries), **told(action))
    report = command.folder / "report.json"
    result = exporter.run("--date", day, "--format", form, "--verbose", "--report", report).ends(0)
    everything = every_byte(lake) + result.words.encode() + report.read_bytes()
    seen = {
        name: value.encode() in everything
        for one in nests
        for name, value in one.planted.items()
        if protected(name)
    }
    hidden = [*nests[0].hidden, *nests[1].hidden, "canary-rejected-1"]
    found = [one.encode() in _unpacked_twice(everything) for one in hidden]
    if action == "keep":  # so the others can be believed
        assert all(seen.values()), [name for name, is_there in seen.items() if not is_there]
        assert all(found)
    else:
        assert not any(seen.values()), [name for name, is_there in seen.items() if is_there]
        assert not any(found)
    assert KEY.encode() not in everything


def _unpacked_twice(everything: bytes) -> bytes:
    r"""Return it without the quotes and backslashes that JSON and CSV put round each other."""
    return everything.replace(b'""', b'"').replace(b"\\", b"")


@pytest.mark.parametrize("action", ["drop", "hash"])
def test_what_is_not_protected_is_all_there(command, genesys, lake, canaries, nests, day, action):
    exporter = command.against(genesys(canaries), **told(action))
    exporter.run("--date", day, "--format", "parquet").ends(0)
    everything = every_byte(lake)
    for one in nests:
        planted = {n: v for n, v in one.planted.items() if not protected(n) and "canary" in v}
        assert len(planted) > 50
        assert [name for name, value in planted.items() if value.encode() not in everything] == []


def test_rejects_are_counted_and_not_written(command, genesys, lake, canaries, day):
    exporter = command.against(genesys(canaries), **HASHED)
    result = exporter.run("--date", day).ends(0)
    manifest = lake.manifest(day)
    assert (manifest["counts"]["rejected"], manifest["rejects"]) == (1, None)
    assert [name for name in lake.files() if "rejects" in name] == []
    assert "could not be read, not written, for privacy" in result.err


def test_every_join_holds_and_every_token_is_the_same_everywhere(
    command, genesys, lake, exported, day
):
    command.against(genesys(), **HASHED).run("--date", day).ends(0)
    tokens: dict[str, str] = {}
    for table in TABLES:
        texts = {c.name for c in DATASET.table(table).columns if c.personal_data == "personal"}
        plain, hidden = exported.lake.rows(day, table), lake.rows(day, table)
        assert len(plain) == len(hidden)
        for before, after in zip(plain, hidden, strict=True):
            for name in before:
                if name not in texts:
                    assert name == "_extra" or before[name] == after[name]
                else:
                    _remember(tokens, before[name], after[name])
    users = {row["user_id"] for row in exported.lake.rows(day, "participants")} - {""}
    assert users <= tokens.keys()
    for text, token in tokens.items():
        assert token == hmac.new(KEY.encode(), text.encode(), hashlib.sha256).hexdigest()


def _remember(tokens: dict[str, str], before: str, after: str) -> None:
    """Keep which token a value got; each of a list's."""
    if before.startswith("[") and (before == "[]" or before.startswith('["')):
        for one, token in zip(json.loads(before), json.loads(after), strict=True):
            assert tokens.setdefault(one, token) == token
    elif before and after:  # numbers are dropped, null and an empty text can't be told apart here
        assert tokens.setdefault(before, after) == after


def test_a_join_over_tokens_counts_what_it_counted_before(command, genesys, lake, exported, day):
    command.against(genesys(), **HASHED).run("--date", day).ends(0)
    question = """
        SELECT count(*), count(DISTINCT s.user_id)
        FROM read_csv(?, allow_quoted_nulls = false, all_varchar = true) AS s
        JOIN read_csv(?, allow_quoted_nulls = false, all_varchar = true) AS e
          ON s.user_id = e.user_id
    """
    answers = []
    for one in (exported.lake, lake):
        paths = [f"{one.root}/{table}/{day}.csv.gz" for table in ("segments", "evaluations")]
        with duckdb.connect() as database:
            answers += database.execute(question, paths).fetchall()
    assert answers[0] == answers[1]
    assert answers[0][0] > 0


def test_looked_up_users_are_as_unknown_as_those_in_the_conversations(command, genesys, lake):
    day = NEWEST  # a snapshot can't be taken of a day long past
    named = command.against(
        genesys(), GENESYS_EXPORT_EXPORT__NAMES="true", GENESYS_EXPORT_EXPORT__TIMEZONE=ZONE
    )
    named.run("--date", day).ends(0)
    plain = lake.rows(day, "dim_users")
    assert plain
    other = type(lake)(command.folder / "protected")
    named.with_variables(**HASHED)("run", "--to", other.root, "--date", day).ends(0)
    everything = every_byte(other)
    for row in plain:
        for name in ("id", "name", "email"):
            assert row[name].encode() not in everything
    tokens = {row["user_id"] for row in other.rows(day, "participants")} - {""}
    assert tokens <= {row["id"] for row in other.rows(day, "dim_users")}


def test_the_manifest_says_what_was_done_and_not_with_which_key(command, genesys, lake, day):
    exporter = command.against(genesys(), **HASHED)
    (command.folder / "genesys-export.toml").write_text(
        '[privacy.columns]\n"segments.wrap_up_note" = "mask"\n'
        '[privacy.attributes]\nallow = ["language"]\n',
        "utf-8",
    )
    exporter.run("--date", day).ends(0)
    privacy = lake.manifest(day)["recipe"]["privacy"]
    assert privacy["columns"]["sessions.ani"] == "hash"
    assert privacy["columns"]["segments.wrap_up_note"] == "mask"
    assert privacy["columns"]["segments._extra"] == "drop"
    assert "segments.subject" not in privacy["columns"]
    assert privacy["attributes"] == {"allow": ["language"], "drop": [], "default": None}
    assert len(privacy["key"]) == 16
    keys = {row["attribute_key"] for row in lake.rows(day, "participant_attributes")}
    assert keys <= {"language"}


@pytest.mark.parametrize("also", [("--format", "jsonl.gz"), ("--slices", "1")])
def test_raw_records_are_refused(command, genesys, lake, day, also):
    raw = {"GENESYS_EXPORT_EXPORT__KEEP_RAW": "true"} if "--slices" in also else {}
    result = command.against(genesys(), **HASHED, **raw).run("--date", day, *also).ends(78)
    assert "raw records contain what [privacy] hides" in result.err
    assert lake.files() == []


def test_tokens_without_a_key_are_refused(command, genesys, day):
    served = genesys()
    exporter = command.against(served, GENESYS_EXPORT_PRIVACY__PERSONAL="hash")
    assert "privacy.key: missing" in exporter.run("--date", day).ends(78).err
    short = exporter.with_variables(GENESYS_EXPORT_PRIVACY__KEY="fifteen letters")
    result = short.run("--date", day).ends(78)
    assert "16 characters or more" in result.err
    assert "fifteen letters" not in result.words
