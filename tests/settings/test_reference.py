"""The page and the complete file against the settings: nothing missing, nothing made up."""

import re
import tomllib
from pathlib import Path

import pytest

from genesys_export.settings import load
from genesys_export.settings.names import FLAGS, RETIRED, SWITCHES, Flags, flags, variables
from genesys_export.settings.sections import Sections, every_path

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"
PAGE = (REFERENCE / "settings.md").read_text("utf-8")
VARIABLES_PAGE = (REFERENCE / "environment.md").read_text("utf-8")
COMPLETE = REFERENCE / "genesys-export.toml"


def rows() -> dict[tuple[str, str], list[str]]:
    found = {}
    section = ""
    for line in PAGE.splitlines():
        if head := re.fullmatch(r"## \[(\w+)\]", line):
            section = head[1]
        elif row := re.match(r"\| `(\w+)`(?:, `--[-a-z]+`)* \|", line):
            found[section, row[1]] = [cell.strip() for cell in line.split("|")[1:-1]]
    return found


@pytest.mark.parametrize("path", list(every_path()), ids=".".join)
def test_every_setting_is_on_the_page_with_flag_default_and_meaning(path):
    names, default, meaning = rows()[path]
    assert re.findall(r"`([-\w]+)`", names) == [path[-1], *flags(path)]
    assert len(meaning) > 10
    written = tomllib.loads(COMPLETE.read_text("utf-8"))[path[0]][path[1]]
    written = ", ".join(written) if isinstance(written, list) else written
    shown = default.strip("`")
    assert shown == (str(written).lower() if isinstance(written, bool) else str(written or ""))


def test_every_common_variable_is_on_its_page_with_its_setting():
    rows = re.findall(r"^\| (.+?) \| `(\w+)\.(\w+)` \|$", VARIABLES_PAGE, re.MULTILINE)
    told = {(section, key): re.findall(r"`(\w+)`", names) for names, section, key in rows}
    assert told == {path: list(own) for path in every_path() if (own := variables(path)[:-1])}


def test_the_page_has_no_setting_that_is_none():
    assert list(rows()) == list(every_path())


def test_the_complete_file_holds_every_key_in_the_same_order():
    written = tomllib.loads(COMPLETE.read_text("utf-8"))
    assert [(section, key) for section, keys in written.items() for key in keys] == list(
        every_path()
    )


def test_the_complete_file_loads_and_says_the_defaults(tmp_path):
    from_file = load(flags={"config": COMPLETE}, environ={}, cwd=tmp_path)
    assert from_file == load(flags={}, environ={}, cwd=tmp_path)


def test_the_example_of_orgs_loads(tmp_path):
    text = COMPLETE.read_text("utf-8")
    example = re.sub(r"^# ", "", text[text.index("# [orgs.emea]") :], flags=re.MULTILINE)
    (tmp_path / "genesys-export.toml").write_text(example, "utf-8")
    (org,) = load(flags={}, environ={}, cwd=tmp_path).require_source()
    assert (org.name, org.genesys.region) == ("emea", "eu-central-1")


def test_every_key_of_the_complete_file_has_its_own_line():
    for section, key in every_path():
        body = re.search(rf"^\[{section}\]$(.*?)(^\[|\Z)", _bare(), re.MULTILINE | re.DOTALL)
        assert body is not None
        assert re.search(rf"^{key} = ", body[1], re.MULTILINE)


def _bare() -> str:
    return re.sub(r"[ \t]+#.*$", "", COMPLETE.read_text("utf-8"), flags=re.MULTILINE)


def test_every_flag_leads_to_a_setting():
    targets = {*FLAGS.values(), *(path for path, _ in SWITCHES.values())}
    assert targets <= set(every_path())


def test_the_type_of_the_flags_has_every_flag_and_no_other():
    assert Flags.__annotations__.keys() == {"config", "org", "shard", *FLAGS, *SWITCHES}


def test_sections_are_those_of_the_contract():
    assert list(Sections.model_fields) == [
        "genesys",
        "destination",
        "export",
        "backfill",
        "resume",
        "catch_up",
        "settle",
        "proof",
        "filters",
        "aggregates",
        "csv",
        "roll",
        "privacy",
        "notify",
        "log",
        "telemetry",
        "cluster",
        "orgs",
    ]


def test_the_page_lists_what_is_gone():
    line = next(one for one in PAGE.splitlines() if one.startswith("These are gone"))
    assert re.findall(r"`(\w+)`", line) == [key for _, key in RETIRED]
