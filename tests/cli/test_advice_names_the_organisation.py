"""Advice names the variables of the organisation that it is about, as "missing" does."""

from __future__ import annotations

from typing import Any

import pytest

from genesys_export.api import SettingNames, hosts
from genesys_export.api.auth import refused
from genesys_export.api.refusals import refusal
from genesys_export.api.transport import Answer
from genesys_export.assembly.connections import hosts_of, setting_names_of
from genesys_export.cli.doctor import execute as doctor
from genesys_export.cli.run import RunRequest
from genesys_export.cli.run import execute as run
from genesys_export.errors import WrongSettings
from genesys_export.settings import load
from genesys_simulator import World, serve

APAC = "GENESYS_EXPORT_ORGS__APAC__"


@pytest.fixture
def lake(tmp_path):
    return tmp_path / "lake"


@pytest.fixture
def genesys():
    with serve(World.generated(seed=3, per_day=20)) as simulator:
        yield simulator


@pytest.fixture
def config(genesys, tmp_path):
    path = tmp_path / "orgs.toml"
    path.write_text(
        f'[genesys]\nbase_url = "{genesys.base_url}"\npoll_first = "0.05s"\n'
        f'[orgs.emea]\nclient_id = "{genesys.client_id}"\n'
        f'client_secret = "{genesys.client_secret}"\n'
        f'[orgs.apac]\nclient_id = "{genesys.client_id}"\nclient_secret = "wrong"\n'
    )
    return str(path)


def test_a_wrong_secret_of_one_of_several_organisations_names_its_variable(lake, config, capsys):
    flags: Any = {"to": str(lake), "config": config}
    assert run(RunRequest(date="2025-11-20"), flags, {}) == 77
    told = capsys.readouterr().err
    assert f"Check {APAC}CLIENT_SECRET, and {APAC}REGION or {APAC}BASE_URL" in told
    assert "GENESYS_CLIENT_SECRET" not in told


def test_doctor_names_the_variable_of_the_organisation(lake, config, capsys):
    assert doctor({"to": str(lake), "config": config, "org": "apac"}, {}) == 77
    told = capsys.readouterr()
    assert f"fix: Check {APAC}CLIENT_SECRET" in told.out + told.err


def test_whatever_is_wrong_the_organisations_own_settings_are_named(tmp_path):
    (tmp_path / "genesys-export.toml").write_text(
        '[genesys]\nregion = "eu-west-1"\n'
        '[orgs.apac]\nclient_id = "a"\nclient_secret = "hush-a"\n'
        '[orgs.emea]\nclient_id = "e"\nclient_secret = "hush-e"\n'
    )
    (apac, _) = load(flags={}, environ={}, cwd=tmp_path).require_source()
    names = setting_names_of(apac)
    assert hosts_of(apac).api == "https://api.mypurecloud.ie"
    assert (names.section, names.login_url) == ("orgs.apac", f"{APAC}LOGIN_URL")
    assert names.proxy == f"HTTPS_PROXY or {APAC}PROXY"
    advice = (
        refused(401, b'{"error_description":"client not found"}', "h", names).advice,
        refused(404, b"{}", "h", names).advice,
        refusal("GET", "/p", Answer(404, {}, b"{}", 0), names).advice,
        refusal("GET", "/p", Answer(302, {}, b"", 0), names).advice,
    )
    for text in advice:
        assert f"{APAC}REGION" in text
        assert "GENESYS_CL" not in text
    with pytest.raises(WrongSettings, match=f"{APAC}LOGIN_URL: http"):
        hosts(region="eu-west-1", login_url="http://login.example", names=names)


def test_a_wrong_region_of_an_organisation_is_told_by_its_own_names(tmp_path):
    (tmp_path / "genesys-export.toml").write_text(
        '[orgs.apac]\nclient_id = "a"\nclient_secret = "hush-a"\nregion = "eu-central-9"\n'
    )
    with pytest.raises(WrongSettings) as problem:
        load(flags={}, environ={}, cwd=tmp_path).require_source()
    assert f"any other host goes into {APAC}BASE_URL" in problem.value.message
    assert "GENESYS_CLOUD" not in problem.value.message


def test_one_organisation_without_a_name_has_the_usual_names(tmp_path):
    environ = {
        "GENESYS_CLIENT_ID": "id",
        "GENESYS_CLIENT_SECRET": "hush",
        "GENESYS_CLOUD_REGION": "eu-west-1",
    }
    (org,) = load(flags={}, environ=environ, cwd=tmp_path).require_source()
    assert setting_names_of(org) == SettingNames()
    for key in ("client_id", "client_secret", "region", "base_url", "login_url"):
        assert org.variable(key) == getattr(SettingNames(), key)
