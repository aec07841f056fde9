"""`init`: five questions at most, a file that loads, the check-up, the next command."""

from __future__ import annotations

import io
import tomllib

import pytest

from genesys_export.cli.init import QUESTIONS, Answers, execute
from genesys_export.errors import WrongSettings, WrongUse
from genesys_export.settings import load
from genesys_simulator import World, serve

ALL = Answers(
    region="eu-central-1", client_id="abc", to="s3://b/p", format="parquet", timezone="Asia/Tokyo"
)


def typed(*lines: str) -> io.StringIO:
    return io.StringIO("".join(f"{line}\n" for line in lines))


@pytest.fixture
def file(tmp_path):
    return tmp_path / "genesys-export.toml"


def told(file) -> dict:
    return tomllib.loads(file.read_text("utf-8"))


def test_there_are_five_questions():
    assert len(QUESTIONS) == 5


def test_answers_become_a_file_that_loads(file, capsys):
    assert (
        execute(
            Answers(),
            file,
            ask=typed("eu-central-1", "abc", "./lake", "", "Europe/Berlin"),
            environ={},
        )
        == 78
    )  # the secret is missing
    settings = load(flags={}, environ={"GENESYS_CLIENT_SECRET": "x"}, cwd=file.parent)
    assert (settings.genesys.region, settings.genesys.client_id) == ("eu-central-1", "abc")
    assert (settings.destination.to, settings.export.format) == ("./lake", "csv.gz")
    assert settings.export.timezone.key == "Europe/Berlin"
    shown = capsys.readouterr()
    assert "Next: export GENESYS_CLIENT_SECRET=…, then genesys-export doctor" in shown.out
    assert "was not checked yet: the client's secret is missing." in shown.out
    assert shown.err == ""


def test_a_wrong_answer_is_asked_for_again(file, capsys):
    execute(
        Answers(),
        file,
        ask=typed(
            "eu-centrl-1", "eu-central-1", "", "abc", "gs://b", "./x", "xlsx", "", "Mars", ""
        ),
        environ={},
    )
    shown = capsys.readouterr().out
    for words in ("did you mean eu-central-1?", "only s3:// and file://", "'xlsx'", "'Mars'"):
        assert words in shown
    assert told(file)["genesys"] == {"region": "eu-central-1", "client_id": "abc"}


def test_flags_and_the_environment_leave_nothing_to_ask(file):
    environ = {
        "GENESYS_CLOUD_BASE_URL": "https://api.mypurecloud.de",
        "GENESYS_CLIENT_ID": "abc",
        "S3_BUCKET_NAME": "calls",
    }
    execute(Answers(format="parquet", timezone="UTC"), file, ask=typed(), environ=environ)
    assert told(file) == {
        "genesys": {},
        "destination": {},
        "export": {"format": "parquet", "timezone": "UTC"},
    }
    text = file.read_text("utf-8")
    assert "# set by GENESYS_CLOUD_BASE_URL" in text
    assert "# set by S3_BUCKET_NAME" in text


def test_with_yes_nothing_is_asked_and_what_is_missing_is_named(file, capsys):
    assert execute(Answers(), file, ask=None, environ={}) == 78
    shown = capsys.readouterr()
    assert "genesys.client_id: missing" in shown.err
    assert told(file)["destination"] == {"to": "./export"}


def test_without_an_answer_the_flag_to_give_is_named(file):
    with pytest.raises(WrongUse) as caught:
        execute(Answers(), file, ask=typed("eu-central-1"), environ={})
    assert "--client-id" in caught.value.advice
    assert not file.exists()


def test_wrong_flags_are_told_at_once_and_nothing_is_written(file):
    wrong = Answers(
        region="eu-centrl-1", to="gs://b", format="xlsx", timezone="Mars", client_id="\udcff"
    )
    with pytest.raises(WrongSettings) as caught:
        execute(wrong, file, ask=None, environ={})
    flags = ("--region", "--to", "--format", "--timezone", "--client-id")
    assert all(f"  {flag}: " in caught.value.message for flag in flags)
    assert not file.exists()


@pytest.mark.parametrize("config", ["genesys-export.toml", "no/such/folder.toml"])
def test_a_file_is_never_overwritten_nor_a_folder_made(file, config):
    file.write_text("[settle]\ndays = 7\n")
    with pytest.raises(WrongUse, match=config):
        execute(ALL, file.parent / config, ask=None, environ={})
    assert told(file) == {"settle": {"days": 7}}


@pytest.mark.parametrize("to", ['./a"b\\c', "./ü\x7f", "./new\tfolder"])
def test_odd_answers_come_back_as_they_were(file, to):
    execute(Answers(region="eu-central-1", client_id="a", to=to), file, ask=None, environ={})
    assert told(file)["destination"]["to"] == to


def test_the_check_up_runs_and_the_next_command_is_a_run(file, capsys):
    with serve(World.generated(per_day=10)) as genesys:
        environ = {
            "GENESYS_CLOUD_BASE_URL": genesys.base_url,
            "GENESYS_CLIENT_ID": genesys.client_id,
            "GENESYS_CLIENT_SECRET": genesys.client_secret,
        }
        assert execute(Answers(to=str(file.parent)), file, ask=None, environ=environ) == 0
    shown = capsys.readouterr().out
    assert "An export would work." in shown
    assert shown.endswith(f"Next: genesys-export run --config {file}\n")
    assert list(file.parent.iterdir()) == [file]
    assert genesys.client_secret not in file.read_text("utf-8")
