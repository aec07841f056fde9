"""Days that are as their manifests say: all that can be looked at is, and nothing is found."""

import gzip
from dataclasses import replace
from hashlib import blake2b, sha256

import msgspec
import pytest
from published import DAY, Published

from fakes import Events
from genesys_export.datasets import NAMES, dataset_named
from genesys_export.errors import Stopped
from genesys_export.events import ReadBack
from genesys_simulator import World, serve


def honest(published, **more):
    found = published.verify(**more)
    assert [str(one) for one in found.mismatches] == []
    assert found.problem is None
    return found


def test_a_day_of_csv_is_read_back_whole(day):
    found = honest(day)
    assert found.checked.objects == len(day.named())
    assert (found.checked.tables, found.checked.keyed) == (15, 15)
    assert found.checked.references == 16
    assert found.checked.rows == sum(
        file["rows"] for files in day.manifest["tables"].values() for file in files
    )
    assert found.checked.size_bytes == sum(file["bytes"] for file in day.named())


def test_every_object_is_told_of_as_it_is_read(day):
    events = Events()
    honest(day, observe=events)
    assert sorted(one.key for one in events.of(ReadBack)) == sorted(
        file["key"] for file in day.named()
    )


@pytest.mark.parametrize(
    "more",
    [
        {"slices": 3},
        {"slices": 3, "layout": "hive"},
        {"format": "parquet"},
        {"format": "parquet", "layout": "hive", "slices": 2},
        {"GENESYS_EXPORT_CSV__NEWLINES": "escape"},
        {"GENESYS_EXPORT_ROLL__ROWS": "20", "slices": 2},
        {"format": "jsonl.gz"},
        {"GENESYS_EXPORT_EXPORT__KEEP_RAW": "true"},
        {"engine": "query"},
    ],
    ids=str,
)
def test_every_way_to_write_a_day_can_be_verified(publish, more):
    published = publish(**more)
    found = honest(published)
    assert found.checked.objects == len(published.named()) > 0


def test_raw_records_make_the_digest_again(publish):
    found = honest(publish(format="jsonl.gz"))
    assert (found.checked.digest, found.checked.rows) == (True, 60)
    assert "digest" not in " ".join(found.unchecked)


def test_without_raw_records_the_digest_is_said_not_to_be_checked(day):
    assert (
        "digest: it needs the raw records, which this export does not keep (keep_raw)"
        in honest(day).unchecked
    )


def test_tables_that_were_not_exported_are_no_parents(publish):
    found = honest(publish(table=["segments", "conversations"]))
    assert (found.checked.keyed, found.checked.references) == (2, 0)
    assert "references of segments to sessions: not exported" in found.unchecked


def test_an_empty_day_is_as_good_as_any(tmp_path):
    with serve(World.of([])) as nobody:
        for flags in ({}, {"format": "parquet"}, {"format": "jsonl.gz"}):
            root = tmp_path / str(flags.get("format"))
            found = honest(Published.export(root, nobody, flags=flags))
            assert (found.checked.rows, found.manifest.counts.exported) == (0, 0)


def test_a_protected_day_is_verified_by_its_tokens_as_far_as_they_go(publish):
    published = publish(
        GENESYS_EXPORT_PRIVACY__KEY="a-long-secret-of-its-own",
        GENESYS_EXPORT_PRIVACY__COLUMNS="conversations.conversation_id=hash",
        GENESYS_EXPORT_PRIVACY__PERSONAL="hash",
        GENESYS_EXPORT_PRIVACY__SENSITIVE="drop",
    )
    found = honest(published)
    assert (found.checked.keyed, found.checked.references) == (15, 16)
    assert found.checked.index == 60


def test_an_index_of_other_tokens_is_found(publish):
    published = publish(
        GENESYS_EXPORT_PRIVACY__KEY="a-long-secret-of-its-own",
        GENESYS_EXPORT_PRIVACY__COLUMNS="conversations.conversation_id=hash",
    )
    published.add_index(b"".join(sorted(bytes([n]) * 32 for n in range(1, 61))))
    (found,) = published.mismatches()
    assert "conversations of the index, found 60 not in it, and 60" in found


@pytest.mark.parametrize("form", ["csv.gz", "parquet", "jsonl.gz"])
def test_a_snapshot_is_verified_by_rows_and_keys_and_has_no_index_to_miss(snapshot, form):
    found = honest(snapshot(format=form))
    assert (found.records, found.unchecked) == ("entries", ())
    every = len(dataset_named(NAMES).tables)
    assert (found.checked.tables, found.checked.keyed, found.checked.index) == (every, every, 0)
    assert found.checked.rows == found.manifest.counts.exported > 0


def test_a_lookup_table_whose_ids_are_dropped_has_no_keys_to_check(snapshot):
    found = honest(snapshot(GENESYS_EXPORT_PRIVACY__COLUMNS="participants.user_id=drop"))
    hidden = {
        f"the keys of {table.name}: {table.name}.{column.name} is protected"
        for table in dataset_named(NAMES).tables
        for column in table.columns
        if column.name in table.primary_key and column.repeats == "participants.user_id"
    }
    assert {*found.unchecked} == hidden
    assert found.checked.keyed == len(dataset_named(NAMES).tables) - len(hidden)


def test_lookup_tables_that_a_day_of_conversations_of_0_1_0_names_are_checked_with_it(
    snapshot, tmp_path, genesys
):
    lookups = dataset_named(NAMES).lookups
    taken = snapshot(GENESYS_EXPORT_EXPORT__TABLES=",".join(lookups))
    names = taken.manifest
    day = Published.export(tmp_path / "lake", genesys, day=taken.day)
    day = replace(day, day=taken.day)
    day.rewrite(lambda told: told["tables"].update(names["tables"]))
    day.rewrite(lambda told: told["recipe"]["tables"].extend(names["tables"]))
    version = dataset_named(NAMES).column_version
    day.rewrite(lambda told: told["recipe"].update(column_version=version))
    found = honest(day)
    assert (found.checked.tables, found.checked.keyed) == (20, 20)
    day.object("dim_queues").unlink()
    assert [one.partition("/")[0] for one in day.mismatches()] == ["dim_queues"]


def test_line_breaks_written_as_spaces_leave_attributes_keys_unchecked(publish):
    found = honest(publish(GENESYS_EXPORT_CSV__NEWLINES="space"))
    assert found.checked.keyed == 14
    assert any("participant_attributes" in why for why in found.unchecked)


def entry(record):
    ident = bytes.fromhex(msgspec.json.decode(record)["conversationId"].replace("-", ""))
    return ident + sha256(record).digest()[:16]


def test_an_index_holds_the_conversations_of_the_table_and_the_raw_records(publish):
    published = publish(GENESYS_EXPORT_EXPORT__KEEP_RAW="true")
    raw = published.object("conversation_details_raw").read_bytes()
    records = gzip.decompress(raw).splitlines()
    published.add_index(b"".join(sorted(entry(record) for record in records)))
    found = honest(published)
    assert found.checked.index == 60
    assert found.unchecked == ()


def test_ids_that_are_no_uuids_are_hashed_in_an_index(tmp_path):
    record = b'{"conversationId":"%s","conversationStart":"2025-11-20T10:00:00.000Z"}'
    records = [record % name for name in (b"one", b"two", b"DEADBEEF-0000-4000-8000-000000000000")]
    with serve(World.of(records)) as odd:
        published = Published.export(tmp_path / "lake", odd)
    names = (msgspec.json.decode(one)["conversationId"].encode() for one in records)
    entries = sorted(
        blake2b(name, digest_size=16).digest() + sha256(one).digest()[:16]
        for name, one in zip(names, records, strict=True)
    )
    published.add_index(b"".join(entries))
    assert honest(published).checked.index == 3


def test_rejects_and_changes_are_read_back_too(tmp_path):
    good = b'{"conversationId":"a","conversationStart":"2025-11-20T10:00:00.000Z"}'
    bad = b'{"conversationId":"b","conversationStart":"no time"}'
    with serve(World.of([good, bad])) as odd:
        published = Published.export(tmp_path / "lake", odd)
    key = f"_genesys_export/conversation_details/{DAY}/changes/1.jsonl.gz"
    target = published.root / key
    target.parent.mkdir()
    target.write_bytes(gzip.compress(b'{"change":"new"}\n{"change":"gone"}\n'))
    changes = {"key": key, "rows": 2, "bytes": 0, "sha256": ""}
    published.rewrite(lambda told: told.update(changes=changes))
    published.sign()
    assert honest(published).checked.objects == len(published.named()) >= 17


def test_a_signal_comes_in_while_objects_are_read_and_while_keys_are_compared(day):
    pulses = []
    honest(day, pulse=lambda: pulses.append(1))
    for stop_at in (1, len(day.named()), len(pulses)):
        left = iter(range(stop_at - 1))

        def pulse(left=left):
            if next(left, None) is None:
                raise Stopped(15)

        with pytest.raises(Stopped):
            day.verify(pulse=pulse)


def test_a_table_of_a_later_version_is_read_for_its_bytes_only(day):
    file = {**day.files("surveys")[0], "rows": 7}
    day.rewrite(lambda told: told["tables"].update(moods=[file]))
    assert "the rows of moods: this version does not know the table" in honest(day).unchecked
    file["sha256"] = "0" * 64
    day.rewrite(lambda told: told["tables"].update(moods=[file]))
    (found,) = day.verify().mismatches
    assert found.expected == f"sha256 {'0' * 64}"


def test_a_lookup_table_that_could_not_be_read_is_no_mismatch(day):
    day.rewrite(lambda told: told["recipe"]["tables"].append("dim_queues"))
    assert "dim_queues: it was not published, see the manifest's notes" in honest(day).unchecked


def test_records_with_lone_surrogates_are_records(tmp_path):
    start = b'"conversationStart":"2025-11-20T10:00:00.000Z"'
    record = b'{"conversationId":"%s",' + start + b',"externalTag":"%s"}'
    with serve(World.of([record % (b"a", b"\\ud800"), record % (b"b", b"fine")])) as odd:
        published = Published.export(tmp_path / "lake", odd, flags={"format": "jsonl.gz"})
    assert honest(published).checked.rows == 2
