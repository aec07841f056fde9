"""Everything that the README and the docs show is run here, or says why it is not."""

from __future__ import annotations

import json
import re
import tomllib
from configparser import ConfigParser

import pytest
import typer
from docs_pages import ROOT, Block, Page, pages
from docs_reader import NOT_RUN, Shell, agrees

from genesys_export.cli import app
from genesys_export.settings import load
from genesys_export.settings.names import SHARD, VARIABLES, variables
from genesys_export.settings.sections import every_path

PAGES = pages()
COMMANDS = typer.main.get_group(app).commands

# Blocks whose language stands here are looked at or run; any other one fails.
SHOWN_ONLY = {"text", "cron"}

# Blocks that this environment can't run, by what stands behind their language.
ELSEWHERE = {
    "pandas": "not among the dependencies; tried by hand, as the page says",
    "airflow": "run by make test-doors, in Airflow",
    "dagster": "run by make test-doors, in Dagster",
    "prefect": "run by make test-doors, in Prefect",
}
READERS_SECRETS = {
    "GENESYS_CLIENT_ID": "somebody",
    "GENESYS_CLIENT_SECRET": "secret",
    "GENESYS_EXPORT_PRIVACY__KEY": "a-long-secret-of-their-own",
}
RUN = {"console", "sh", "sql", "python", "toml"}


def of_page(page: Page) -> str:
    return page.path


@pytest.mark.parametrize(
    "page", [page for page in PAGES if RUN & {b.language for b in page.blocks}], ids=of_page
)
def test_what_a_page_shows_happens(page, shell):
    answer = None
    for block in page.blocks:
        try:
            answer = _try(block, shell, answer)
        except AssertionError as problem:
            raise AssertionError(f"{page.path}:{block.line}: {problem}") from problem


def _try(block: Block, shell: Shell, answer: str | None) -> str | None:
    """Run one block; return its answer, which an output block after it has to show."""
    if block.info in ELSEWHERE:
        return None
    match block.language:
        case "console":
            shell.console(block)
        case "sh":
            shell.script(block)
        case "sql":
            return shell.sql(block)
        case "python":
            return shell.python(block)
        case "toml":
            _check_settings(block, shell)
        case "json":
            json.loads(block.text)
        case "ini":
            ConfigParser(strict=False).read_string(block.text)
        case "text" if block.info == "output" and answer is not None:
            assert agrees(block.text, answer), f"\n{answer}\n--- shown:\n{block.text}"
        case language:
            assert language in SHOWN_ONLY, f"nobody knows what to do with {language!r}"
    return None


def _check_settings(block: Block, shell: Shell) -> None:
    """Load it as a settings file; one with that name stays for the commands that follow."""
    file = shell.folder / (block.info or "only-looked-at.toml")
    file.write_text(block.text, "utf-8")
    environ = {} if "orgs" in tomllib.loads(block.text) else READERS_SECRETS
    load(flags={"config": file}, environ=environ, cwd=shell.folder)


@pytest.mark.parametrize("page", PAGES, ids=of_page)
def test_every_link_of_a_page_leads_somewhere(page):
    for link in page.links:
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / page.path).parent / path if path else ROOT / page.path
        assert target.exists(), f"{page.path} → {link}"
        if anchor:
            found = Page(target.resolve().relative_to(ROOT).as_posix())
            assert anchor in found.anchors, f"{page.path} → {link}"


def test_every_page_is_reached_from_the_index():
    reached, coming = set(), ["docs/README.md"]
    while coming:
        path = coming.pop()
        if path in reached or not path.endswith(".md"):
            continue
        reached.add(path)
        links = [link.partition("#")[0] for link in Page(path).links if "://" not in link]
        targets = [((ROOT / path).parent / link).resolve() for link in links if link]
        coming += [target.relative_to(ROOT).as_posix() for target in targets if target.is_file()]
    assert {page.path for page in PAGES} <= reached


def _lines_of_commands() -> list[tuple[str, str]]:
    """Return every line in any block that calls us: also in cron tables and units."""
    return [
        (page.path, found)
        for page in PAGES
        for block in page.blocks
        for found in re.findall(
            r"genesys-export ((?:init|run|tables|simulate|demo)\b[^|;&\n]*)",
            block.text.replace("\\\n", " "),
        )
    ]


@pytest.mark.parametrize(("page", "line"), _lines_of_commands())
def test_every_flag_on_a_command_line_exists(page, line):
    name, *words = line.split()
    known = {flag for option in COMMANDS[name].params for flag in option.opts}
    used = {word.partition("=")[0] for word in words if word.startswith("--")}
    assert used <= known | {"--help"}, page


@pytest.mark.parametrize("page", PAGES, ids=of_page)
def test_every_flag_in_the_prose_exists(page):
    known = {flag for command in COMMANDS.values() for p in command.params for flag in p.opts}
    theirs = {"--version", "--help", "--install-completion", "--constraint", "--user"}
    spans = re.findall(r"`(--[a-z-]+)", page.prose)
    assert set(spans) <= known | theirs


@pytest.mark.parametrize("page", PAGES, ids=of_page)
def test_every_variable_named_exists(page):
    known = {*VARIABLES, SHARD, *(name for path in every_path() for name in variables(path))}
    named = re.findall(r"\b(?:GENESYS|GENESYSCLOUD|S3)_[A-Z][A-Z_0-9]*[A-Z0-9]\b", page.text)
    orgs = re.compile(r"GENESYS_EXPORT_ORGS__\w+")
    assert {name for name in named if not orgs.fullmatch(name)} <= known | {
        "GENESYS_EXPORT",  # of GENESYS_EXPORT_<SECTION>__<NAME>
        "GENESYS_EXPORT_ORGS",
    }


def test_nothing_stands_in_the_lists_without_need():
    shown = [block for page in PAGES for block in page.blocks]
    typed = {line.removeprefix("$ ") for block in shown for line in block.text.splitlines()}
    assert [each for each in NOT_RUN if not any(line.startswith(each) for line in typed)] == []
    infos = {block.info for page in PAGES for block in page.blocks}
    assert ELSEWHERE.keys() - infos == set()


@pytest.mark.parametrize("page", PAGES, ids=of_page)
def test_no_page_names_a_path_of_somebodys_machine(page):
    assert not re.search(r"/work/|/tmp/|/Users/|/home/\w", page.text)
