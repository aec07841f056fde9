"""Reading back what is published: types, formats, ranges, and refusals."""

from __future__ import annotations

import json

import pyarrow as pa
import pytest

from genesys_export import DataMismatch, TryAgainLater, WrongUse

DAY = "2025-11-20"
ODD = ("conversations", "sessions", "segments", "participant_attributes", "flow_outcomes")


@pytest.fixture(scope="module")
def formats(tmp_path_factory, genesys):
    """The same day in two formats, read without credentials."""
    from genesys_export import Exporter  # noqa: PLC0415

    found = {}
    for form in ("csv.gz", "parquet"):
        lake = tmp_path_factory.mktemp("formats") / "lake"
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
            "GENESYS_EXPORT_GENESYS__POLL_FIRST": "0.05s",
        }
        with Exporter.from_settings(to=lake, environ=environ, format=form) as exporter:
            exporter.export(DAY)
        found[form] = Exporter.from_settings(to=lake, environ={})
    return found


def by_rows(table: pa.Table) -> list:
    return sorted(table.to_pylist(), key=str)


@pytest.mark.parametrize("name", ODD)
def test_a_table_is_the_same_in_every_format(formats, name):
    csv, parquet = (formats[form].read(name, DAY) for form in ("csv.gz", "parquet"))
    assert csv.schema.equals(parquet.schema)
    assert csv.num_rows > 0 or name == "flow_outcomes"
    assert by_rows(csv) == by_rows(parquet)


def test_columns_have_their_declared_types(formats):
    schema = formats["csv.gz"].read("conversations", DAY).schema
    assert schema.field("conversation_start").type == pa.timestamp("ms", "UTC")
    assert schema.field("conversation_date").type == pa.date32()
    assert pa.types.is_list(schema.field("division_ids").type)


@pytest.mark.parametrize("form", ["csv.gz", "parquet"])
def test_columns_come_as_chosen_and_in_that_order(formats, form):
    table = formats[form].read(
        "conversations", DAY, columns=["conversation_start", "conversation_id"]
    )
    assert table.column_names == ["conversation_start", "conversation_id"]
    assert table.num_rows == 40


def test_a_dataset_stands_for_its_first_table(formats):
    one = formats["parquet"]
    assert one.read("conversation_details", DAY).equals(one.read("conversations", DAY))


def test_line_breaks_that_were_escaped_are_line_breaks_again(make, formats):
    kept = formats["csv.gz"].read("participant_attributes", DAY)
    with make(csv__newlines="escape") as exporter:
        exporter.export(DAY)
        read = exporter.read("participant_attributes", DAY)
    assert by_rows(read) == by_rows(kept)


def test_raw_records_are_json_texts(make):
    with make(format="jsonl.gz") as exporter:
        exporter.export(DAY)
        table = exporter.read("conversation_details_raw", DAY)
        with pytest.raises(DataMismatch, match="has no table conversations"):
            exporter.read("conversations", DAY)
    assert table.column_names == ["record"]
    assert len({json.loads(one)["conversationId"] for one in table["record"].to_pylist()}) == 40


@pytest.mark.parametrize("form", ["csv.gz", "parquet", "jsonl.gz"])
def test_lookup_tables_are_read_in_every_format(make, form):
    with make(datasets=["dimensions"], format=form) as exporter:
        exporter.export("yesterday")
        table = exporter.read("dim_queues", "yesterday")
    assert table.num_rows > 0
    assert table.schema.field("conversation_date").type == pa.date32()


def test_a_range_is_one_table_and_a_day_that_is_not_published_is_refused(make):
    with make(tables=["conversations"]) as exporter:
        list(exporter.backfill("2025-11-18", DAY))
        table = exporter.read("conversations", "2025-11-18", DAY)
        assert table.num_rows == 120
        assert len(set(table["conversation_date"].to_pylist())) == 3
        with pytest.raises(DataMismatch, match="nothing is published for 2025-11-17"):
            exporter.read("conversations", "2025-11-17", DAY)


def test_what_no_table_or_column_is_called_is_wrong_use(formats):
    with pytest.raises(WrongUse, match="no table 'converstions'"):
        formats["csv.gz"].read("converstions", DAY)
    with pytest.raises(WrongUse, match="no column 'id'"):
        formats["csv.gz"].read("conversations", DAY, columns=["id"])


@pytest.fixture
def published(make, lake):
    with make(tables=["conversations"]) as exporter:
        exporter.export(DAY)
        yield exporter, lake / f"_genesys_export/conversation_details/{DAY}/manifest.json"


def test_a_day_that_is_being_replaced_is_refused(published):
    exporter, path = published
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "next": {"uploads": [], "deletes": []}}))
    with pytest.raises(TryAgainLater, match="is being replaced"):
        exporter.read("conversations", DAY)


def test_a_damaged_day_is_refused(published):
    exporter, path = published
    path.write_text(json.dumps({**json.loads(path.read_text()), "state": "damaged"}))
    with pytest.raises(DataMismatch, match="is damaged"):
        exporter.read("conversations", DAY)


def test_a_copy_of_a_file_is_read_and_a_file_with_other_bytes_is_refused(published, lake):
    exporter, _ = published
    file = lake / f"conversations/{DAY}.csv.gz"
    body = file.read_bytes()
    file.unlink()
    file.write_bytes(body)
    assert exporter.read("conversations", DAY).num_rows == 40
    file.write_bytes(body + b" ")
    with pytest.raises(DataMismatch, match="has other bytes"):
        exporter.read("conversations", DAY)
    file.unlink()
    with pytest.raises(DataMismatch, match="is missing"):
        exporter.read("conversations", DAY)


def test_a_day_that_is_replaced_while_it_is_read_is_refused(make, lake):
    with make(tables=["conversations"], slices=2) as exporter:
        exporter.export(DAY)
    path = lake / f"_genesys_export/conversation_details/{DAY}/manifest.json"

    def replaced() -> bool:  # asked between the pieces of the first file
        (lake / f"conversations/{DAY}.001.csv.gz").unlink(missing_ok=True)
        body = path.read_bytes()
        path.unlink()
        path.write_bytes(body)
        return False

    reader = make(should_stop=replaced)
    with pytest.raises(TryAgainLater, match="was replaced while it was read"):
        reader.read("conversations", DAY)


def test_a_published_day_is_verified_and_a_changed_one_raises(published, lake):
    exporter, _ = published
    (found,) = exporter.verify(DAY)
    assert found.checked.rows == 40
    (lake / f"conversations/{DAY}.csv.gz").unlink()
    with pytest.raises(DataMismatch, match="expected an object of"):
        exporter.verify(DAY)


def test_a_snapshot_that_was_not_taken_is_left_out_of_verifying(make):
    with make(datasets=["conversation_details", "dimensions"]) as exporter:
        statuses = {one.dataset: one.status for one in exporter.backfill(DAY, DAY)}
        assert statuses == {"conversation_details": "published", "dimensions": "skipped"}
        (found,) = exporter.verify(DAY)
    assert found.manifest.dataset == "conversation_details"


def test_the_status_lists_every_day(published):
    exporter, _ = published
    (status,) = exporter.status()
    assert status.dataset.name == "conversation_details"
    assert {str(one.day): one.state for one in status.days}[DAY] == "final"
