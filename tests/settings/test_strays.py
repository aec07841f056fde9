"""A variable of an organisation that the settings don't have is refused, never a new one."""

import pytest

from genesys_export.errors import WrongSettings
from genesys_export.settings import load

ONE = '[orgs.emea]\nclient_id = "a"\nregion = "eu-west-1"\n'
TWO = ONE + ONE.replace("emea", "apac")
PREFIX = "GENESYS_EXPORT_ORGS__"


def read(tmp_path, text, environ, **keywords):
    (tmp_path / "genesys-export.toml").write_text(text)
    return load(flags={}, environ=environ, cwd=tmp_path, keywords=keywords)


@pytest.mark.parametrize("text", [ONE, TWO])
@pytest.mark.parametrize("key", ["CLIENT_SECRET", "CLIENT_ID", "REGION", "TOKENS"])
def test_a_mistyped_name_is_no_organisation(tmp_path, text, key):
    with pytest.raises(WrongSettings) as caught:
        read(tmp_path, text, {f"{PREFIX}EMAE__{key}": "1"})
    told = caught.value.message
    assert (
        f"{PREFIX}EMAE__{key}: the settings have no organisation emae; did you mean emea?" in told
    )
    assert caught.value.status == 78


def test_a_variable_left_over_is_told_with_the_names_that_there_are(tmp_path):
    with pytest.raises(WrongSettings) as caught:
        read(tmp_path, TWO, {f"{PREFIX}SOLD__CLIENT_SECRET": "hush"})
    assert "no organisation sold: they are apac, emea. Correct or unset" in caught.value.message
    assert "hush" not in caught.value.message


def test_organisations_of_keywords_count_as_known(tmp_path):
    orgs = {"emea": {"client_id": "a"}}
    found = read(tmp_path, "", {f"{PREFIX}EMEA__CLIENT_SECRET": "hush"}, orgs=orgs)
    assert found.org_names == ("emea",)
    with pytest.raises(WrongSettings, match="no organisation emae; did you mean emea"):
        read(tmp_path, "", {f"{PREFIX}EMAE__CLIENT_SECRET": "hush"}, orgs=orgs)


@pytest.mark.parametrize("text", ["", TWO])
def test_variables_alone_can_set_an_organisation(tmp_path, text):
    own = {f"{PREFIX}LATAM__CLIENT_ID": "b", f"{PREFIX}LATAM__CLIENT_SECRET": "hush"}
    assert "latam" in read(tmp_path, text, own).org_names


def test_without_organisations_elsewhere_the_first_variable_begins_one(tmp_path):
    assert read(tmp_path, "", {f"{PREFIX}LATAM__REGION": "eu-west-1"}).org_names == ("latam",)
