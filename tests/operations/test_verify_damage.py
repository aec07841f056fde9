"""Days that are not as their manifests say: each kind of damage has its line."""

import gzip
import json
import shutil
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from published import DAY, Published

from genesys_export.days import Day
from genesys_export.errors import ChangedMeanwhile, DataMismatch, TryAgainLater
from genesys_export.store import FolderStore

OTHER_DAY = Day(date(2025, 11, 21), ZoneInfo("UTC"))
ID, PARTICIPANT = 0, 2


def flip(path, at):
    body = bytearray(path.read_bytes())
    body[at] ^= 0x10
    path.write_bytes(body)


def test_a_flipped_byte_is_another_hash(day):
    path = day.object("segments")
    flip(path, path.stat().st_size // 2)
    found = [one for one in day.verify().mismatches if "sha256" in one.expected]
    assert [one.where for one in found] == ["segments/2025-11-20.csv.gz"]
    assert f"sha256 {day.files('segments')[0]['sha256']}" in found[0].expected
    assert "ETag" in found[0].expected


def test_an_altered_file_is_one_line_with_all_that_differs(day):
    path = day.object("surveys")
    path.write_bytes(path.read_bytes() + b"somebody was here\n")
    size = day.files("surveys")[0]["bytes"]
    [found] = day.mismatches()
    expected, _, there = found.partition(", found ")
    start = f"surveys/2025-11-20.csv.gz: expected a file that can be read, {size:,} bytes, sha256 "
    assert expected.startswith(start)
    assert f" gzip stream, {size + 18:,} bytes, sha256 " in there
    assert ", ETag " in expected
    assert ", ETag " in there
    assert "token" not in found


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 1.0])
def test_a_flipped_byte_that_is_signed_for_is_still_no_gzip_stream(day, share):
    path = day.object("segments")
    flip(path, int((path.stat().st_size - 1) * share))
    day.sign()
    assert any("gzip stream" in one for one in day.mismatches())


def test_a_file_changed_in_place_is_not_the_one_that_exact_readers_ask_for(day):
    path = day.object("surveys")
    path.write_bytes(path.read_bytes())
    found = day.verify().mismatches
    assert {one.where for one in found} == {"surveys/2025-11-20.csv.gz"}
    assert found[0].expected == f"ETag {day.files('surveys')[0]['etag']}"
    assert not any("sha256" in one.expected for one in found)


def test_a_missing_object_is_named_with_its_size(day):
    size = day.files("sessions")[0]["bytes"]
    day.object("sessions").unlink()
    [found] = day.mismatches()
    assert found == f"sessions/2025-11-20.csv.gz: expected an object of {size:,} bytes, found none"


def test_another_day_s_file_in_the_place_of_this_one_s_is_told_by_its_bytes_and_rows(day, genesys):
    other = Published.export(day.root.parent / "other", genesys, day=OTHER_DAY)
    source = other.root / "conversations/2025-11-21.csv.gz"
    shutil.copy(source, day.object("conversations"))
    found = day.mismatches()
    assert any("sha256" in one for one in found)
    assert "conversations: expected rows of 2025-11-20, found 60 of other days" in found
    assert any(one.startswith("participants: expected a row of conversations") for one in found)


def test_a_removed_row_is_missed_even_when_the_bytes_are_signed_for(day):
    rows = day.files("segments")[0]["rows"]
    day.edit("segments", lambda held: held.pop())
    assert day.mismatches() == [
        f"segments/2025-11-20.csv.gz: expected {rows} rows, found {rows - 1} rows"
    ]


def test_a_removed_conversation_leaves_orphans_behind(day):
    day.edit("conversations", lambda held: held.pop(1))
    found = day.mismatches()
    assert "conversations: expected 60 conversations, found 59 conversations" in found
    orphans = [one for one in found if "such keys without" in one]
    assert (
        "participants: expected a row of conversations for each of its keys there, found 1"
        in (orphans[0])
    )
    assert {one.partition(":")[0] for one in orphans} >= {"participants", "sessions"}


def test_a_doubled_key_is_counted(day):
    def double(held):
        held[3] = held[2]

    day.edit("participants", double)
    assert "participants: expected each key once, found 1 row with the key of another" in (
        day.mismatches()
    )


def test_a_key_that_two_files_of_a_table_share_is_doubled(publish):
    day = publish(slices=3)

    def borrow(held):
        first = day.object("conversations", 0)
        text = gzip.decompress(first.read_bytes()).decode().splitlines()[1]
        held[1][ID] = text.split('"')[1]

    day.edit("conversations", borrow, number=1)
    assert any("1 row with the key of another" in one for one in day.mismatches())


def test_a_row_without_a_key_is_counted(day):
    header = {}

    def blank(held):
        held[1][ID] = ""
        header["rows"] = len(held)

    day.edit("resolutions", blank)
    path = day.object("resolutions")
    text = gzip.decompress(path.read_bytes()).replace(b'\n"",', b"\n,")
    path.write_bytes(gzip.compress(text))
    day.sign()
    assert "resolutions: expected a key in each row, found 1 row without" in day.mismatches()


def test_a_row_of_another_day_is_counted(day):
    def move(held):
        held[1][1] = "2025-11-19"

    day.edit("conversations", move)
    assert "conversations: expected rows of 2025-11-20, found 1 of other days" in day.mismatches()


def test_a_column_that_is_not_declared_is_another_header(day):
    day.edit("surveys", lambda held: held[0].append("surprise"))
    (found,) = day.mismatches()
    assert found.startswith("surveys/2025-11-20.csv.gz: expected a file that can be read")
    assert found.endswith("found one that does not begin with the declared header")


def test_a_row_of_too_few_values_is_no_csv_and_no_value_is_shown(day):
    def cut(held):
        held[1] = ["a-private-value"]

    day.edit("surveys", cut)
    (found,) = day.mismatches()
    assert "is not a CSV file of" in found
    assert "private" not in found


@pytest.mark.parametrize("tail", [b'"half a row', b'"a","b"'])
def test_a_file_that_ends_within_a_row_is_cut(day, tail):
    path = day.object("surveys")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + tail))
    day.sign()
    assert "ends within a row" in day.mismatches()[0]


@pytest.mark.parametrize("cut", [1, 9, 400])
def test_a_cut_gzip_stream_is_no_file(day, cut):
    path = day.object("conversations")
    path.write_bytes(path.read_bytes()[:-cut])
    day.sign()
    assert any("ends in the middle of its gzip stream" in one for one in day.mismatches())


def test_bytes_after_the_end_of_a_gzip_stream_are_no_part_of_it(day):
    path = day.object("conversations")
    path.write_bytes(path.read_bytes() + b"more")
    day.sign()
    assert any("after the end of its gzip stream" in one for one in day.mismatches())


def test_a_wrong_hash_in_the_manifest_is_found_as_well(day):
    day.rewrite(lambda told: told["tables"]["segments"][0].update(sha256="0" * 64, rows=1))
    expected = [one.expected for one in day.verify().mismatches]
    assert expected == [f"1 row, sha256 {'0' * 64}"]


def test_a_wrong_token_is_somebody_else_s_file(day):
    day.rewrite(lambda told: told["tables"]["segments"][0].update(token="not-ours"))
    (found,) = day.verify().mismatches
    assert found.expected == "token not-ours"


def test_a_table_of_the_recipe_without_files_is_missing(day):
    day.rewrite(lambda told: told["tables"].pop("surveys"))
    assert day.mismatches() == [
        "surveys: expected files, by the recipe, found none in the manifest"
    ]


def test_counts_that_are_not_those_of_the_table_are_found(day):
    day.rewrite(lambda told: told["counts"].update(exported=61))
    assert day.mismatches()[0] == (
        "conversations: expected 61 conversations, found 60 conversations"
    )


def test_parquet_that_is_no_parquet_is_not_read(publish):
    day = publish(format="parquet")
    path = day.object("surveys")
    path.write_bytes(path.read_bytes()[:-5])
    day.sign()
    assert any("not a complete Parquet file" in one for one in day.mismatches())


def test_parquet_of_another_table_does_not_have_the_columns(publish):
    day = publish(format="parquet")
    shutil.copy(day.object("surveys"), day.object("evaluations"))
    day.sign()
    assert any("does not have the declared columns" in one for one in day.mismatches())


def raw(day, change):
    path = day.object("conversation_details_raw")
    path.write_bytes(gzip.compress(change(gzip.decompress(path.read_bytes()))))
    day.sign()
    return day.mismatches()


def test_a_changed_record_makes_another_digest(publish):
    day = publish(format="jsonl.gz")
    found = raw(day, lambda text: text.replace(b'"conversationEnd"', b'"conversationEND"', 1))
    assert found[0].startswith("conversation_details_raw: expected digest")


def test_a_missing_record_is_missed_in_rows_and_digest(publish):
    day = publish(format="jsonl.gz")
    found = raw(day, lambda text: text.partition(b"\n")[2])
    assert "expected 60 rows, found 59 rows" in found[0]
    assert any("expected digest" in one for one in found)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"no json\n", "line that is not a record with a conversationId"),
        (b"{}", "ends within a line"),
    ],
)
def test_a_line_that_is_no_record_is_no_raw_file(publish, line, told):
    day = publish(format="jsonl.gz")
    assert told in raw(day, lambda text: text + line)[0]


def test_a_lookup_s_line_without_its_columns_is_none(snapshot):
    day = snapshot(format="jsonl.gz")
    path = day.object("dim_queues")
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()) + b'{"id":"a"}\n'))
    day.sign()
    assert any("a line without the declared columns" in one for one in day.mismatches())


def index(day):
    text = gzip.decompress(day.object("conversations").read_bytes()).decode()
    ids = sorted(line[1:37] for line in text.splitlines() if line[9:10] == "-")
    return [bytes.fromhex(ident.replace("-", "")) + b"." * 16 for ident in ids]


def test_an_index_of_other_conversations_is_found(day):
    entries = index(day)
    day.add_index(b"".join(sorted([*entries[1:], b"\xff" * 32])))
    (found,) = day.mismatches()
    assert found.startswith("conversations: expected the conversations of the index, found 1 not")
    assert found.endswith(" in it, and 1 of it missing")


def test_an_index_out_of_order_or_cut_is_none(day):
    entries = index(day)
    day.add_index(b"".join(reversed(entries)))
    assert any("sorted, unique ids" in one for one in day.mismatches())
    day.add_index(b"".join(entries)[:-1])
    assert any("not a whole number of entries" in one for one in day.mismatches())


def test_the_error_says_how_many_things_are_wrong_and_is_65(day):
    day.object("sessions").unlink()
    found = day.verify()
    assert found.problem.status == 65
    assert (
        f"does not match its manifest: {len(found.mismatches)} mismatch" in found.problem.message
    )


def test_nothing_published_is_no_good_day(tmp_path):
    with pytest.raises(DataMismatch, match="nothing is published for 2025-11-20") as error:
        Published(tmp_path).verify()
    assert error.value.advice == "Export it: genesys-export run --date 2025-11-20"


def test_a_day_under_replacement_is_to_be_looked_at_later(day):
    day.rewrite(lambda told: told.update(next={"uploads": [], "deletes": []}))
    with pytest.raises(TryAgainLater, match="is being replaced"):
        day.verify()


def test_a_damaged_day_is_told_from_its_manifest_alone(day):
    day.rewrite(lambda told: told.update(state="damaged"))
    with pytest.raises(DataMismatch, match="is damaged"):
        day.verify()


def test_a_day_that_is_replaced_while_it_is_read_is_no_mismatch(day):
    def replace(event):
        del event
        path = day.object("resolutions")
        path.write_bytes(path.read_bytes())
        day.rewrite(lambda told: told.update(nonce=str(datetime.now(UTC))))

    with pytest.raises(TryAgainLater, match="was replaced while it was read"):
        day.verify(observe=replace)


def test_an_object_that_changes_between_look_and_reading_is_no_mismatch(day):
    class Hasty(FolderStore):
        def chunks(self, key, tag):
            raise ChangedMeanwhile(f"{key} is not what {tag} names")

    verifier = day.verifier()
    hasty = type(verifier)(dataset=verifier.dataset, home=verifier.home, store=Hasty(day.root))
    with pytest.raises(TryAgainLater, match="was replaced while it was read"):
        hasty.verify(DAY)


def test_no_value_of_a_file_stands_in_any_line(day):
    for table in ("conversations", "participants", "sessions", "segments"):
        day.edit(table, lambda held: held.append(held[1]))
    text = json.dumps(day.mismatches())
    ids = {
        line[1:37]
        for line in gzip.decompress(day.object("sessions").read_bytes()).decode().splitlines()
    }
    assert not any(ident in text for ident in ids if "-" in ident)
