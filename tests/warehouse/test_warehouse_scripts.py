"""The scripts of all six engines: read by a parser, held against what the engines' manuals say.

Facts of the manuals were looked up in November 2026. Only DuckDB's and PostgreSQL's scripts are
run by tests; for the others this file is what there is.
"""

import os
import re
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
import sqlglot
from sqlglot import exp
from warehouse_lakes import DATASET, DAY, Lake, statements

from genesys_export.cli import status_of
from genesys_export.cli.tables import TablesRequest
from genesys_export.cli.tables import text_of as script_of
from genesys_export.datasets import NAMES, Kind, dataset_named, datasets
from genesys_export.dictionary import DIALECTS, Files, FileType, as_ddl
from genesys_export.errors import WrongSettings, WrongUse

BUCKET = "s3://bucket/some/prefix"
NEWLINES = ("keep", "escape", "space")
EVERY = [
    pytest.param(dialect, Files(root=BUCKET, type=kind, hive=hive, newlines=newlines))
    for dialect, engine in DIALECTS.items()
    for kind in engine.types
    for hive in (False, True)
    for newlines in (NEWLINES if kind is FileType.CSV else NEWLINES[:1])
]
every_script = pytest.mark.parametrize(("dialect", "files"), EVERY, ids=str)

# What each engine takes beside a file; a name that is not here is a typing error of ours.
OPTIONS = {
    "athena": {
        "separatorChar", "quoteChar", "escapeChar", "skip.header.line.count", "table_type",
        "projection.enabled", "projection.dt.type", "projection.dt.format",
        "projection.dt.range", "storage.location.template",
    },
    "redshift": {
        "FORMAT AS CSV", "FORMAT AS PARQUET", "FORMAT AS PARQUET SERIALIZETOJSON",
        "FORMAT AS JSON 'noshred'", "GZIP", "IGNOREHEADER 1", "EMPTYASNULL", "IAM_ROLE default",
        "DATEFORMAT 'auto'", "TIMEFORMAT 'auto'",
    },
    "snowflake": {
        "TYPE", "COMPRESSION", "ENCODING", "SKIP_HEADER", "FIELD_DELIMITER", "RECORD_DELIMITER",
        "MULTI_LINE", "FIELD_OPTIONALLY_ENCLOSED_BY", "ESCAPE", "ESCAPE_UNENCLOSED_FIELD",
        "NULL_IF", "EMPTY_FIELD_AS_NULL", "TRIM_SPACE", "TIMESTAMP_FORMAT", "DATE_FORMAT",
        "USE_LOGICAL_TYPE", "BINARY_AS_TEXT", "STRIP_NULL_VALUES", "URL", "STORAGE_INTEGRATION",
        "FILE_FORMAT", "FORMAT_NAME", "MATCH_BY_COLUMN_NAME", "ON_ERROR", "FORCE",
    },
    "spark": {
        "header", "multiLine", "quote", "escape", "nullValue", "emptyValue", "mode",
        "enforceSchema", "encoding",
    },
}  # fmt: skip


def options(dialect: str, statement: str) -> set[str]:
    """Return the names of what a statement says beside names, types and places."""
    match dialect:
        case "redshift" if statement.startswith("COPY"):
            return set(statement.splitlines()[2:])
        case "snowflake" if statement.startswith(("COPY", "CREATE STAGE", "CREATE FILE")):
            return set(re.findall(r"\b([A-Z_]+) = ", statement))
        case "athena" | "spark":
            return set(re.findall(r"'([\w.]+)' = '", statement))
    return set()


@every_script
def test_a_parser_of_the_dialect_understands_every_statement(dialect, files):
    script = as_ddl([DATASET], dialect, files)
    for statement in statements(script):
        tree = sqlglot.parse_one(statement, read=dialect)
        assert not tree.find(exp.Command), statement


@every_script
def test_every_name_of_a_column_is_quoted(dialect, files):
    names = "|".join({name for table in DATASET.tables for name in table.names})
    bare = re.compile(rf"(?i)(?<![\w\"`'/.=])({names})(?![\w/])")
    for statement in statements(as_ddl([DATASET], dialect, files)):
        assert not (found := bare.search(statement)), (found, statement)


@every_script
def test_options_are_those_of_the_manual(dialect, files):
    for statement in statements(as_ddl([DATASET], dialect, files)):
        assert options(dialect, statement) <= OPTIONS.get(dialect, set()), statement


@every_script
def test_every_table_is_made_and_a_day_of_it_loaded_again(dialect, files):
    made = {
        found.this.this.name.lower() if isinstance(found.this, exp.Schema) else found.this.name
        for statement in statements(as_ddl([DATASET], dialect, files))
        if isinstance(found := sqlglot.parse_one(statement, read=dialect), exp.Create)
        and found.kind in {"TABLE", "VIEW"}
    }
    raw = {f"{DATASET.name}_raw"}
    wanted = raw if files.type is FileType.LINES else {table.name for table in DATASET.tables}
    assert wanted <= made
    again = as_ddl([DATASET], dialect, files, day=date(2026, 11, 5)).lower()
    for name in wanted:
        assert re.search(rf"(delete from|overwrite table) [\"`]{name}(_copy)?[\"`]", again)
    assert "2026-11-05" in again
    assert "2026-11-22" not in again


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_table_has_its_columns_in_the_order_of_the_file(dialect):
    script = as_ddl([DATASET], dialect, Files(root=BUCKET))
    trees = [sqlglot.parse_one(statement, read=dialect) for statement in statements(script)]
    made = {
        tree.this.this.name.lower().removesuffix("_text"): [
            column.name.lower() for column in tree.this.find_all(exp.ColumnDef)
        ]
        for tree in trees
        if isinstance(tree, exp.Create) and tree.kind == "TABLE"
    }
    for table in DATASET.tables:
        assert made[table.name] == list(table.names)


@every_script
def test_tables_of_several_datasets_are_one_script(dialect, files):
    both = [DATASET, dataset_named(NAMES)]
    text = as_ddl(both, dialect, files, tables=["surveys", "dim_users"], day=date(2026, 11, 5))
    for statement in statements(text):
        assert not sqlglot.parse_one(statement, read=dialect).find(exp.Command), statement
    head = " ".join(text.partition("-- 1. ")[0].replace("--", "").split())
    assert f"tables of {DATASET.name} (column version 1), {NAMES} (column version 1) as" in head
    is_lines = files.type is FileType.LINES
    for name in (DATASET.raw if is_lines else "surveys", "dim_users"):
        assert re.search(
            rf"(delete from|overwrite table) [\"`]{name}(_copy)?[\"`]", text, re.IGNORECASE
        )
    alone = as_ddl(both, dialect, files, tables=["dim_users"])
    assert DATASET.name not in alone


@every_script
def test_every_engine_understands_the_script_of_every_dataset(dialect, files):
    for dataset in datasets():
        text = as_ddl([dataset], dialect, files, day=date(2026, 11, 5))
        for statement in statements(text):
            assert not sqlglot.parse_one(statement, read=dialect).find(exp.Command), statement
        of_records = files.type is FileType.LINES and dataset.record is not None
        for name in [dataset.raw] if of_records else [table.name for table in dataset.tables]:
            assert re.search(
                rf"[\"`.]{name}(_csv|_json|_copy|_lines)?[\"`]", text, re.IGNORECASE
            ), name


@every_script
def test_the_day_is_whatever_column_the_table_has_for_it(dialect, files):
    day = DATASET.table("surveys").day
    columns = tuple(
        replace(one, name="interval_date") if one == day else one
        for one in DATASET.table("surveys").columns
    )
    made = replace(DATASET, tables=(replace(DATASET.table("surveys"), columns=columns),))
    script = as_ddl([made], dialect, files, day=date(2026, 11, 5))
    assert "interval_date" in script.lower()
    assert day.name not in script.lower()


def test_redshift_spreads_rows_by_the_records_identity():
    text = as_ddl([DATASET, dataset_named(NAMES)], "redshift", Files(root=BUCKET))
    assert text.count('DISTKEY ("conversation_id")') == len(DATASET.tables)
    assert text.count("DISTKEY (") == len(DATASET.tables)


# --- the traps of each engine ----------------------------------------------------------------


def script(dialect: str, root: str = BUCKET, **looks: Any) -> str:
    return as_ddl([DATASET], dialect, Files(root=root, **looks))


def test_athena_reads_text_without_line_breaks_and_a_view_gives_the_types():
    kept, escaped = script("athena"), script("athena", newlines="escape")
    assert "LINE BREAKS" in kept
    assert "LINE BREAKS" not in escaped + script("athena", newlines="space")
    assert "'escapeChar' = '\\u0001'" in kept
    assert "'escapeChar' = '\\\\'" not in kept
    [text] = re.findall(
        r"CREATE EXTERNAL TABLE IF NOT EXISTS `surveys_text` \((.*?)\n\)", kept, re.DOTALL
    )
    assert {line.split()[1].strip(",") for line in text.strip().splitlines()} == {"string"}
    assert "CAST(NULLIF(\"survey_promoter_score\", '') AS bigint)" in kept
    assert "regexp_replace" in escaped
    assert "regexp_replace" not in kept


def test_redshift_has_room_for_the_longest_texts():
    lengths = {
        (table.name, column): int(length)
        for table in DATASET.tables
        for column, length in re.findall(
            r'"(\w+)" VARCHAR\((\d+)\)',
            as_ddl([DATASET], "redshift", Files(root=BUCKET), tables=[table.name]),
        )
    }
    extras = [table.name for table in DATASET.tables if table.of_kind(Kind.EXTRA)]
    assert {lengths[table, "_extra"] for table in extras} == {65535}
    assert lengths["segments", "wrap_up_note"] == 65535
    assert lengths["participant_attributes", "attribute_value"] == 4096
    assert lengths["conversations", "conversation_id"] == 1024
    lists = sum(one.type.is_list for table in DATASET.tables for one in table.columns)
    assert len(re.findall(r'" SUPER[,\n]', script("redshift"))) == lists


def test_redshift_gives_parquet_only_what_it_may_have():
    text = script("redshift", type=FileType.PARQUET)
    assert not re.search(r"(?m)^(GZIP|IGNOREHEADER|EMPTYASNULL|TIMEFORMAT)", text)
    assert "TIMESTAMPTZ," not in text
    for copy in re.findall(r'COPY "(\w+)"\n.*\n.*\n(.*);', text):
        listed = any(column.type.is_list for column in DATASET.table(copy[0]).columns)
        assert ("SERIALIZETOJSON" in copy[1]) is listed


def test_snowflake_keeps_null_apart_from_empty_and_loads_a_file_again():
    text = script("snowflake")
    assert "NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE" in text
    assert "ESCAPE = NONE ESCAPE_UNENCLOSED_FIELD = NONE" in text
    assert text.count("FORCE = TRUE;") == text.count("COPY INTO") == 15
    lists = sum(one.type.is_list for table in DATASET.tables for one in table.columns)
    assert text.count("PARSE_JSON($") == lists
    parquet = script("snowflake", type=FileType.PARQUET)
    assert "USE_LOGICAL_TYPE = TRUE" in parquet
    assert "PARSE_JSON" not in parquet


def test_spark_reads_lines_and_quotes_and_its_table_is_refreshed():
    text = script("spark")
    assert "'multiLine' = 'true', 'quote' = '\"', 'escape' = '\"'" in text
    assert "'nullValue' = ''" not in text
    assert text.count("REFRESH TABLE") == len(DATASET.tables) + 1  # and once in a comment


@pytest.mark.parametrize("dialect", ["redshift", "snowflake", "duckdb", "postgres"])
def test_a_day_is_deleted_and_loaded_in_one_transaction(dialect):
    text = as_ddl([DATASET], dialect, Files(root=BUCKET), day=date(2026, 11, 5))
    found = statements(text)
    begins = found.index("BEGIN")
    assert all(re.match(r"CREATE|SET", one) for one in found[:begins])
    assert all(re.match(r"(?i)DELETE|COPY|INSERT", one) for one in found[begins + 1 : -1])
    assert found[-1] == "COMMIT"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_without_a_date_the_load_is_a_template_in_comments(dialect):
    files = Files(root=BUCKET)
    made = as_ddl([DATASET], dialect, files)
    dated = as_ddl([DATASET], dialect, files, day=date(2026, 11, 22))
    assert all(re.match(r"(?i)CREATE|SET", one) for one in statements(made))
    head, _, template = made.partition("-- 2. ")
    bare = re.sub(r"(?m)^-- ?", "", template)
    wanted = statements(dated)[len(statements(head)) :]
    assert all(one in bare for one in wanted)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_number_gets_a_narrower_type(dialect):
    assert not re.search(r"(?i)[\"`] (int|integer|smallint|real|float4)[ ,\n]", script(dialect))


# --- what can't be ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("dialect", "looks", "word"),
    [
        ("oracle", {}, "athena"),
        ("postgres", {"type": FileType.PARQUET}, "csv.gz"),
        ("athena", {"root": "/data"}, "--to s3://"),
        ("redshift", {"root": "/data"}, "--to s3://"),
        ("snowflake", {"root": "/data"}, "--to s3://"),
    ],
)
def test_what_an_engine_cannot_do_is_said_with_what_to_do(dialect, looks, word):
    with pytest.raises(WrongUse) as caught:
        script(dialect, **looks)
    assert word in caught.value.advice


def test_a_table_that_is_not_there_is_refused():
    with pytest.raises(WrongUse, match="shoes"):
        as_ddl([DATASET], "duckdb", Files(root=BUCKET), tables=["shoes"])


# --- the command's own part ------------------------------------------------------------------


def test_the_settings_say_where_the_files_lie_and_how_they_look(tmp_path):
    assert f"'{tmp_path}/surveys/{DAY}*.csv.gz'" in Lake(tmp_path).script("duckdb", DAY)
    hive = Lake(tmp_path, "parquet", "hive")
    assert f"'{tmp_path}/surveys/dt={DAY}/*.parquet'" in hive.script("duckdb", DAY, "surveys")
    assert "regexp_replace" in Lake("s3://b", newlines="escape").script("athena")


@pytest.mark.parametrize("limited", [{}, {"EXPORT__TABLES": "surveys"}])
@pytest.mark.parametrize("names", [False, True])
def test_the_script_is_of_the_tables_that_a_run_writes(limited, names):
    surroundings = {f"GENESYS_EXPORT_{name}": text for name, text in limited.items()}
    surroundings["GENESYS_EXPORT_EXPORT__NAMES"] = str(names).lower()
    chosen = TablesRequest(dialect="duckdb", date=None, tables=())
    text = script_of(chosen, {"config": os.devnull}, surroundings)
    made = set(re.findall(r'CREATE TABLE IF NOT EXISTS "(\w+)"', text))
    own = {"surveys"} if limited else {table.name for table in DATASET.tables}
    assert made == own | {table.name for table in dataset_named(NAMES).tables if names}


def test_the_command_prints_the_script(tmp_path, capsys):
    asked = ["tables", "--ddl", "spark", "--to", str(tmp_path), "--config", os.devnull]
    assert status_of([*asked, "--table", "surveys", "--date", DAY]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert f"LOCATION '{tmp_path}/surveys/'" in said.out
    assert (
        f"OVERWRITE TABLE `surveys_copy` PARTITION (`conversation_date` = DATE '{DAY}')"
        in said.out
    )


def test_several_organisations_are_told_apart(tmp_path):
    file = tmp_path / "two.toml"
    file.write_text('[orgs.a]\nregion = "eu-central-1"\n[orgs.b]\nregion = "eu-west-1"\n', "utf-8")
    wanted = TablesRequest(dialect="duckdb", date=DAY, tables=())
    flags: Any = {"config": file, "to": str(tmp_path)}
    with pytest.raises(WrongUse) as caught:
        script_of(wanted, flags, {})
    assert "--org: a, b" in caught.value.advice
    flags["org"] = "b"
    assert f"'{tmp_path}/b/surveys/{DAY}*.csv.gz'" in script_of(wanted, flags, {})


def test_without_a_destination_a_bucket_is_to_be_put_in():
    text = script_of(
        TablesRequest(dialect="redshift", date=DAY, tables=()), {"config": os.devnull}, {}
    )
    assert f"FROM 's3://YOUR-BUCKET/analytics/surveys/{DAY}'" in text


def test_a_date_that_is_none_is_refused(tmp_path):
    with pytest.raises(WrongUse, match="yesterday-ish"):
        Lake(tmp_path).script("duckdb", "yesterday-ish")


def test_a_format_that_is_none_is_refused(tmp_path):
    with pytest.raises(WrongSettings, match="xml"):
        Lake(tmp_path, "xml").script("duckdb")
