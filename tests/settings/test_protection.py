"""How privacy is written down, in a file and in variables, and what is said of mistakes."""

from __future__ import annotations

import pytest
from settings_files import complaint, read

from genesys_export.privacy import Action, AttributeRule

KEY = "sixteen letters!"


def test_a_file_and_variables_say_the_same(tmp_path):
    in_file = read(
        tmp_path,
        f'[privacy]\nkey = "{KEY}"\npersonal = "hash"\n'
        '[privacy.columns]\n"sessions.ani" = "mask"\n"segments.subject" = "drop"\n'
        '[privacy.attributes]\nallow = ["a", "b*"]\ndefault = "hash"\n',
    )
    in_variables = read(
        tmp_path,
        PRIVACY__KEY=KEY,
        PRIVACY__PERSONAL="hash",
        PRIVACY__COLUMNS="sessions.ani=mask, segments.subject=drop",
        PRIVACY__ATTRIBUTES='{"allow": "a,b*", "default": "hash"}',
    )
    assert in_file.privacy == in_variables.privacy
    wishes = in_file.privacy.wishes
    assert wishes.columns == {"sessions.ani": Action.MASK, "segments.subject": Action.DROP}
    assert wishes.attributes == AttributeRule(allow=("a", "b*"), default=Action.HASH)
    assert wishes.key == KEY
    assert KEY not in repr(in_file) + repr(wishes)


def test_a_wish_for_attributes_has_variables_of_its_own(tmp_path):
    found = read(tmp_path, PRIVACY__ATTRIBUTES__DROP="*phone*,*mail*")
    assert found.privacy.attributes.drop == ("*phone*", "*mail*")


def test_a_key_with_blanks_round_it_is_met_by_its_very_name(tmp_path):
    in_file = read(tmp_path, '[privacy.attributes]\ndrop = [" SSN ", "[Customer] Phone"]\n')
    in_variable = read(tmp_path, PRIVACY__ATTRIBUTES__DROP='[" SSN ", "[Customer] Phone"]')
    assert in_file.privacy == in_variable.privacy
    rule = in_file.privacy.wishes.attributes
    assert rule.action(" ssn ") is rule.action("[customer] phone") is Action.DROP
    assert rule.action("ssn") is None
    with_commas = read(tmp_path, PRIVACY__ATTRIBUTES__DROP=" SSN , x[0]")
    assert with_commas.privacy.attributes.drop == ("SSN", "x[0]")


def test_nothing_is_protected_unless_asked_for(tmp_path):
    wishes = read(tmp_path).privacy.wishes
    assert set(wishes.classes.values()) == {Action.KEEP}
    assert (wishes.columns, wishes.attributes, wishes.key) == ({}, AttributeRule(), "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('personal = "hsh"', "'hsh' is not one of keep, drop, mask, hash; did you mean hash?"),
        ('personal = "hash"', "privacy.key: missing. Set GENESYS_EXPORT_PRIVACY__KEY"),
        ('key = "fifteen letters"', "privacy.key, given by key in [privacy]"),
        ('columns = { "sessions.ani" = 3 }', "this must be a table of strings"),
        ('columns = { "sessions.ani" = "hide" }', "'hide' is not one of keep, drop, mask, hash"),
        ('columns = { "sessions.anii" = "drop" }', "did you mean sessions.ani?"),
        ('columns = { "segments.user_id" = "mask" }', "it repeats participants.user_id"),
        ('attributes = "allow"', "this is not a JSON object"),
        ('attributes = "[]"', "this must be a table of settings"),
        ('attributes = { default = "no" }', "'no' is not one of keep, drop, mask, hash"),
        ("attributes = { alow = [] }", "there is no such setting"),
    ],
)
def test_mistakes_are_told(tmp_path, text, words):
    message = complaint(tmp_path, f"[privacy]\n{text}\n")
    assert words in message
    assert "fifteen" not in message


@pytest.mark.parametrize(
    ("export", "name"),
    [('format = "jsonl.gz"', "export.format"), ("keep_raw = true", "export.keep_raw")],
)
@pytest.mark.parametrize(
    "privacy",
    [
        'sensitive = "drop"',
        'attributes = { drop = ["x"] }',
        'columns = { "sessions.ani" = "mask" }',
    ],
)
def test_raw_records_and_privacy_exclude_each_other(tmp_path, export, name, privacy):
    message = complaint(tmp_path, f"[export]\n{export}\n[privacy]\n{privacy}\n")
    assert f"{name}, given by " in message
    assert "raw records contain what [privacy] hides" in message


def test_raw_records_go_with_a_privacy_that_keeps_everything(tmp_path):
    text = f'[export]\nkeep_raw = true\n[privacy]\nkey = "{KEY}"\npersonal = "keep"\n'
    assert read(tmp_path, text).export.keep_raw
