"""The reference against the program: nothing missing, nothing made up."""

from __future__ import annotations

import inspect
import json
import re
import signal
from dataclasses import fields
from typing import get_args

import pytest
import typer
from docs_pages import ROOT, Page

import genesys_export
from genesys_export import DayResult, Exporter, errors
from genesys_export.claim import Claim, Failure, Holder, OpenJob, SealedFile, SealedSlice
from genesys_export.cli import app
from genesys_export.days import Interval
from genesys_export.errors import PRECEDENCE, ExportError, Stopped
from genesys_export.export.changes import Change, line
from genesys_export.export.changes import Kind as ChangeKind
from genesys_export.ledger import Registration
from genesys_export.manifest import File, Manifest, Next, Recipe
from genesys_export.model import Counts, Part, SliceRecord, StagedFile
from genesys_export.settings.names import VARIABLES
from genesys_export.source_count import SourceCount, Verdict
from genesys_simulator import Options
from genesys_simulator.faults import ENDPOINTS, Kind

REFERENCE = "docs/reference"
COMMANDS = Page(f"{REFERENCE}/commands.md")
STATUSES = Page(f"{REFERENCE}/exit-statuses.md")
MANIFEST = Page(f"{REFERENCE}/manifest.md")
ENVIRONMENT = Page(f"{REFERENCE}/environment.md")
SIMULATOR = Page(f"{REFERENCE}/simulator.md")
PYTHON = Page(f"{REFERENCE}/python.md")
COMMON = ("--to", "--config", "--org", "--log-format", "--quiet", "--verbose")
WITHOUT_COMMON = {"init", "tables", "simulate", "demo"}


def first_cells(text: str) -> list[str]:
    """Return what stands in backquotes in the first cells of a page's tables, in order."""
    rows = re.findall(r"^\| (.*?) \|", text, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`([^`]+)`", row)]


def flags(command: str) -> list[str]:
    found = typer.main.get_group(app).commands[command].params
    shown = [option for option in found if not getattr(option, "hidden", False)]
    return [flag for option in shown for flag in option.opts if flag.startswith("--")]


@pytest.mark.parametrize("command", typer.main.get_group(app).commands)
def test_every_command_is_described_with_all_its_flags_and_no_other(command):
    common = () if command in WITHOUT_COMMON else COMMON
    own = [flag for flag in flags(command) if flag not in common and flag != "--help"]
    assert sorted(first_cells(COMMANDS.section(command))) == sorted(own)
    assert set(common) <= set(flags(command))


def test_the_flags_of_every_command_are_described_once():
    assert first_cells(COMMANDS.section("Common options")) == list(COMMON)


def test_no_command_is_described_that_is_none():
    told = re.findall(r"^genesys-export (\w+)", COMMANDS.text, re.MULTILINE)
    assert told == list(typer.main.get_group(app).commands)


def test_every_error_stands_with_its_status():
    rows = re.findall(r"^\| (\d+) \| (?:`(\w+)`)?", STATUSES.text, re.MULTILINE)
    known = {
        (str(kind.exit_status), name)
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, ExportError)
    } - {("70", "ExportError"), ("70", "Stopped")}
    by_signal = {(str(Stopped(one).status), "Stopped") for one in (signal.SIGINT, signal.SIGTERM)}
    assert set(rows) == known | by_signal | {("0", ""), ("141", "")}
    assert f"occurred: {', '.join(map(str, PRECEDENCE))}." in STATUSES.text


def test_the_readme_names_every_status():
    readme = Page("README.md").section("Exit statuses")
    told = {
        int(one)
        for cell in re.findall(r"^\| ([\d, ]+) \|", readme, re.MULTILINE)
        for one in cell.split(", ")
    }
    assert told == {int(one) for one in re.findall(r"^\| (\d+) \|", STATUSES.text, re.MULTILINE)}


def test_the_page_on_trouble_has_a_section_for_every_status():
    page = Page("docs/how-to/troubleshooting.md").prose
    heads = re.findall(r"^## ([\d and]+):", page, re.MULTILINE)
    told = {int(one) for head in heads for one in re.findall(r"\d+", head)}
    rows = {int(one) for one in re.findall(r"^\| (\d+) \|", STATUSES.text, re.MULTILINE)}
    assert told == rows - {0}  # no error


@pytest.mark.parametrize(
    ("heading", "nouns"),
    [
        ("recipe", (Recipe,)),
        ("slices", (SliceRecord,)),
        ("tables", (File,)),
        ("counts", (Counts,)),
        ("source_count", (SourceCount,)),
        ("next", (Next,)),
        ("holder", (Holder,)),
        ("sealed slices", (SealedSlice,)),
        ("jobs", (OpenJob,)),
        ("failure", (Failure,)),
    ],
)
def test_every_key_below_the_manifest_is_described_and_no_other(heading, nouns):
    told = first_cells(MANIFEST.section(heading))
    assert set(told) == {field.name for noun in nouns for field in fields(noun)}


@pytest.mark.parametrize(
    ("heading", "noun"),
    [("Keys", Manifest), ("The claim", Claim), ("The recipe of a destination", Registration)],
)
def test_every_key_of_a_document_is_described_and_no_other(heading, noun):
    told = first_cells(MANIFEST.section(heading).partition("\n### ")[0])
    assert set(told) == {field.name for field in fields(noun)} | {"format"}


def test_what_a_sealed_file_holds_is_described():
    section = MANIFEST.section("sealed slices")
    assert all(f"`{field.name}`" in section for field in fields(SealedFile))


def test_every_verdict_on_the_sources_count_is_named():
    section = MANIFEST.section("source_count")
    assert all(f"`{verdict}`" in section for verdict in Verdict)


def test_a_line_of_changes_is_described_as_it_is_written():
    section = MANIFEST.section("Lists of changes")
    changed = Change(ChangeKind.CHANGED, bytes(16), bytes(16), bytes(16))
    written = json.loads(line(changed, bytes.hex))
    assert set(first_cells(section)) == written.keys()
    assert all(f"`{kind}`" in section for kind in ChangeKind)


def test_what_next_holds_is_described():
    section = MANIFEST.section("next")
    for noun in (StagedFile, Part):
        assert all(f"`{field.name}`" in section for field in fields(noun))
    assert all(f"`{field.name}`" in MANIFEST.text for field in fields(Interval))


def test_every_common_variable_has_its_row():
    told = first_cells(ENVIRONMENT.text)
    assert sorted(one for one in told if not one.startswith("AWS_")) == sorted(VARIABLES)


def test_everything_the_simulator_can_is_described():
    assert set(first_cells(SIMULATOR.section("Options"))) == {f.name for f in fields(Options)}
    assert set(first_cells(SIMULATOR.section("Faults"))) == {k.__name__ for k in get_args(Kind)}
    endpoints = re.findall(r"\| `(\w+)` \|$", SIMULATOR.text, re.MULTILINE)
    assert endpoints == list(ENDPOINTS)


def test_the_policy_to_copy_allows_every_action_that_is_used():
    modules = sorted((ROOT / "src/genesys_export/store").glob("s3*.py"))
    source = "".join(module.read_text("utf-8") for module in modules)
    page = Page("docs/how-to/write-to-s3.md")
    policy = next(block.text for block in page.blocks if '"Statement"' in block.text)
    assert set(re.findall(r'"(s3:\w+)"', policy)) == set(re.findall(r'"(s3:\w+)"', source))
    assert set(first_cells(page.section("Rights"))) == set(re.findall(r'"(s3:\w+)"', policy))


# --- the Python API --------------------------------------------------------------------------


def spelled(name: str) -> str:
    """Return a method's signature as the page has it: no types, no self."""
    method = inspect.signature(getattr(Exporter, name))
    told = []
    for one in method.parameters.values():
        if one.kind is one.KEYWORD_ONLY and "*" not in told:
            told.append("*")
        default = getattr(one.default, "__name__", repr(one.default))
        stars = "**" if one.kind is one.VAR_KEYWORD else ""
        bare = one.default is one.empty
        told.append(f"{stars}{one.name}" if bare else f"{one.name}={default}")
    return f"{name}({', '.join(one for one in told if one != 'self')})"


def test_every_call_of_an_exporter_is_on_the_page_as_it_is_declared():
    own = [name for name in vars(Exporter) if not name.startswith("_")]
    shown = first_cells(PYTHON.section("Exporter"))
    assert sorted(shown) == sorted(map(spelled, [*own, "close"]))


def test_every_attribute_of_a_result_is_on_the_page():
    own = [one.name for one in fields(DayResult)]
    own += [name for name, one in vars(DayResult).items() if isinstance(one, property)]
    assert sorted(first_cells(PYTHON.section("Results"))) == sorted(own)


def test_every_public_error_is_on_the_page_with_its_exit_status():
    rows = re.findall(r"^\| (`\w+`.*?) \| (\d+) \|", PYTHON.section("Errors"), re.MULTILINE)
    shown = {name: int(status) for names, status in rows for name in re.findall(r"\w+", names)}
    public = [getattr(genesys_export, name) for name in genesys_export.__all__]
    kinds = [one for one in public if inspect.isclass(one) and issubclass(one, ExportError)]
    assert shown.pop("Stopped") == Stopped(signal.SIGTERM).status
    assert shown == {
        one.__name__: one.exit_status for one in kinds if one not in {ExportError, Stopped}
    }


def test_every_public_name_is_on_the_page():
    for name in genesys_export.__all__:
        assert name == "__version__" or re.search(rf"\b{name}\b", PYTHON.text), name
