"""`init`: a settings file from at most five answers, then the check-up, then the next command.

An answer comes from a flag, the environment or the terminal, in this order. The secret is never
asked for and never written: it belongs in the environment. No file is ever overwritten.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TextIO

from pydantic import ValidationError

from ..api.regions import hosts
from ..errors import WrongSettings, WrongUse
from ..settings import Flags, Need, load
from ..settings.names import variables
from ..settings.problems import error
from ..settings.sections import Sections
from .doctor import execute as checked_up
from .showing import show

REGION, CLIENT_ID, TO = ("genesys", "region"), ("genesys", "client_id"), ("destination", "to")
_INSTEAD = {  # what else in the environment answers a question
    REGION: (*variables(REGION), *variables(("genesys", "base_url"))),
    CLIENT_ID: variables(CLIENT_ID),
    TO: (*variables(TO), *variables(("destination", "bucket"))),
}
_SECRET = ("GENESYS_CLIENT_SECRET", "GENESYSCLOUD_OAUTHCLIENT_SECRET")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What is asked; None is not answered yet, an empty text leaves it to the environment."""

    region: str | None = None
    client_id: str | None = None
    to: str | None = None
    format: str | None = None
    timezone: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """A question, an answer that is taken for none, and the setting that it is about."""

    text: str
    default: str
    path: tuple[str, str]


QUESTIONS = {
    "region": Question("Region of your organisation, such as eu-central-1", "", REGION),
    "client_id": Question(
        "Id of the OAuth client (grant type: client credentials)", "", CLIENT_ID
    ),
    "to": Question("Destination: s3://bucket/prefix or a folder", "./export", TO),
    "format": Question("File format: csv.gz, parquet or jsonl.gz", "csv.gz", ("export", "format")),
    "timezone": Question("Time zone in which a day begins", "UTC", ("export", "timezone")),
}


def execute(
    given: Answers,
    config: Path,
    *,
    ask: TextIO | None,
    environ: Mapping[str, str] | None = None,
) -> int:
    """Write the file, run the check-up; return its exit status. Raises WrongUse, WrongSettings.

    Answers are read from `ask`; nothing is asked where it is None.
    """
    env = os.environ if environ is None else environ
    if config.exists() or config.is_symlink():
        raise WrongUse(
            f"{config} exists already",
            advice="Edit it, or write another file with --config FILE.",
        )
    wrong = [
        f"{_flag(name)}: {problem}."
        for name in QUESTIONS
        if (answer := getattr(given, name)) is not None and (problem := _problem(name, answer))
    ]
    if wrong:
        raise error(wrong)
    answers = _completed(given, env, ask)
    text = written(answers, env)
    _write(config, text)
    sys.stdout.write(f"Wrote {config}.\n")
    sys.stdout.flush()
    return _examined(config, env)


def written(answers: Answers, environ: Mapping[str, str]) -> str:
    """Return the settings file's text."""
    return _FILE.format(
        region=_line("region", answers.region, "eu-central-1", environ, REGION),
        client_id=_line("client_id", answers.client_id, "…", environ, CLIENT_ID),
        to=_line("to", answers.to, "s3://my-bucket/analytics", environ, TO),
        format=_text(answers.format or "csv.gz"),
        timezone=_text(answers.timezone or "UTC"),
    )


_FILE = """\
# Settings of genesys-export. Flags and environment variables override this file.
# Every setting is explained in docs/reference/settings.md of the project.

[genesys]
# The region of the organisation: AWS name or domain.
{region}
# An OAuth client with the grant type "client credentials" and the permission
# analytics:conversationDetail:view in every division.
{client_id}
# Its secret does not belong in a file: set GENESYS_CLIENT_SECRET.

[destination]
# s3://bucket/prefix, file:///folder or a path. Credentials for S3: whatever the AWS SDK finds.
{to}
# region = "eu-central-1"     # of the bucket, if the AWS SDK does not know it
# sse = "aws:kms"             # server-side encryption: none, AES256 or aws:kms

[export]
# csv.gz, parquet or jsonl.gz
format = {format}
# Days begin at midnight in this time zone.
timezone = {timezone}
# names = true                # also export the names of queues, users, wrap-up codes, …
# join_names = true           # also put them into the tables of conversations
# local_times = true          # also write start and end as local time
# wait = "6h"                 # wait up to this long until a day is complete
# slices = 4                  # split a day into slices and fetch them in parallel
"""


def _line(
    key: str,
    answer: str | None,
    example: str,
    environ: Mapping[str, str],
    path: tuple[str, str],
) -> str:
    """Return the key with its answer; as a comment where the environment has it, or nobody."""
    if answer:
        return f"{key} = {_text(answer)}"
    variable = _in_environment(path, environ)
    told = f"  # set by {variable}" if variable else ""
    return f"# {key} = {_text(example)}{told}"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _in_environment(path: tuple[str, str], environ: Mapping[str, str]) -> str | None:
    return next((name for name in _INSTEAD.get(path, ()) if environ.get(name)), None)


def _completed(given: Answers, environ: Mapping[str, str], ask: TextIO | None) -> Answers:
    """Return all answers: those given, those of the environment, those of the terminal."""
    for name, question in QUESTIONS.items():
        if getattr(given, name) is not None or _in_environment(question.path, environ):
            continue
        answer = _asked(ask, name, question) if ask else question.default
        given = replace(given, **{name: answer})
    return given


def _asked(terminal: TextIO, name: str, question: Question) -> str:
    """Return the terminal's answer, asking until it is one."""
    while True:
        sys.stdout.write(f"{question.text}{_hint(question.default)}: ")
        sys.stdout.flush()
        try:
            line = terminal.readline()
        except UnicodeDecodeError:
            line = "\ud800"  # no text either: the question is asked again
        if not line:
            sys.stdout.write("\n")
            raise WrongUse(
                f"no answer to: {question.text}", advice=f"Give {_flag(name)}, or --yes."
            )
        answer = line.strip() or question.default
        problem = _problem(name, answer)
        if problem:
            sys.stdout.write(f"  {problem}\n")
        elif answer:
            return answer


def _hint(default: str) -> str:
    return f" [{default}]" if default else ""


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _problem(name: str, answer: str) -> str:
    """Return what is wrong with an answer; an empty text if nothing is."""
    try:
        answer.encode()
        if name == "region" and answer:
            hosts(region=answer)
        elif name in {"to", "format", "timezone"}:
            section, key = QUESTIONS[name].path
            Sections.model_validate({section: {key: answer}})
    except UnicodeEncodeError:
        return "this is not UTF-8 text"
    except WrongSettings as problem:
        return problem.message.partition(": ")[2]
    except ValidationError as problem:
        return str(problem.errors(include_url=False, include_input=False)[0]["ctx"]["error"])
    return ""


def _write(config: Path, text: str) -> None:
    try:
        with config.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as problem:
        raise WrongUse(
            f"{config} could not be written: {problem.strerror}", advice="Check --config."
        ) from problem


def _examined(config: Path, environ: Mapping[str, str]) -> int:
    """Run the check-up, and say which command comes next."""
    named = "" if config == Path("genesys-export.toml") else f" --config {quote(str(config))}"
    flags: Flags = {"config": config}
    again = f"genesys-export doctor{named}"
    try:
        load(flags=flags, environ=environ, needs={Need.SOME_SOURCE, Need.DESTINATION})
        status = checked_up(flags, environ)
    except WrongSettings as problem:
        status = problem.status
        if _lacks_only_the_secret(problem):
            sys.stdout.write("The set-up was not checked yet: the client's secret is missing.\n")
        else:
            show(problem, verbose=False)
    if not any(environ.get(one) for one in _SECRET):
        following = f"export GENESYS_CLIENT_SECRET=…, then {again}"
    elif status:
        following = f"fix what failed, then {again}"
    else:
        following = f"genesys-export run{named}"
    sys.stderr.flush()
    sys.stdout.write(f"\nNext: {following}\n")
    return status


def _lacks_only_the_secret(problem: WrongSettings) -> bool:
    """Whether nothing is wrong but what the file can't have: the usual end of a first time."""
    _, *wrong = problem.message.splitlines()
    return len(wrong) == 1 and "client_secret: missing" in wrong[0]
