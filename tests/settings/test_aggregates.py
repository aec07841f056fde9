"""The section [aggregates]: columns and metrics by the dataset that has them."""

from __future__ import annotations

import os

import pytest

from genesys_export.assembly.aggregating import question_of
from genesys_export.assembly.planning import plan_of, recipe_of
from genesys_export.datasets import dataset_named
from genesys_export.errors import WrongSettings
from genesys_export.settings import load

CONVERSATIONS, USERS = "conversation_aggregates", "user_aggregates"


def read(**settings: str):
    environ = {f"GENESYS_EXPORT_AGGREGATES__{key.upper()}": one for key, one in settings.items()}
    environ |= {
        "GENESYS_CLOUD_REGION": "eu-central-1",
        "GENESYS_CLIENT_ID": "id",
        "GENESYS_CLIENT_SECRET": "secret",
    }
    return load(flags={"to": "x", "config": os.devnull}, environ=environ)


def asked(name: str, **settings: str):
    dataset = dataset_named(name)
    assert dataset.aggregates is not None
    return question_of(read(**settings), dataset, dataset.aggregates)


def recipe(name: str, **settings: str):
    known = read(**settings)
    (org,) = known.require_source()
    return recipe_of(known, plan_of(known, org, dataset_named(name)))


def test_the_default_is_queue_medium_direction_user_and_every_metric():
    question = asked(CONVERSATIONS)
    assert question.group_by == ("queueId", "mediaType", "originatingDirection", "userId")
    assert question.granularity == "PT30M"
    assert len(question.metrics) == 80
    assert {one[0] for one in question.metrics} == {"n", "o", "t"}


def test_what_is_chosen_for_one_dataset_leaves_the_others_alone():
    chosen = {
        "group_by": f"{CONVERSATIONS}.user_id,{CONVERSATIONS}.division_id",
        "metrics": f"{CONVERSATIONS}.tHandle",
    }
    assert asked(CONVERSATIONS, **chosen).group_by == ("userId", "divisionId")
    assert asked(CONVERSATIONS, **chosen).metrics == ("tHandle",)
    assert asked(USERS, **chosen) == asked(USERS)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"metrics": "user_aggregates.tHandle"}, "user_aggregates has no metric 'tHandle', only "),
        ({"metrics": "user_aggregates.tHandle"}, "; conversation_aggregates has it"),
        ({"metrics": f"{CONVERSATIONS}.tHandel"}, "'tHandel'; did you mean tHandle?"),
        ({"metrics": "tHandle"}, "'tHandle' names no dataset of statistics; write dataset.name"),
        ({"metrics": "conversations.tHandle"}, "names no dataset of statistics"),
        ({"group_by": f"{CONVERSATIONS}.queueId"}, "'queueId'; did you mean queue_id?"),
        (
            {"group_by": f"{USERS}.queue_id"},
            "user_aggregates has no column to group by 'queue_id'",
        ),
        ({"granularity": "PT10M"}, "'PT10M' is not one of PT15M, PT30M, PT1H, P1D"),
        ({"engine": "job"}, "'job' is not one of query, jobs"),
    ],
)
def test_what_no_dataset_has_is_refused_in_words(settings, words):
    with pytest.raises(WrongSettings) as found:
        read(**settings)
    assert words in str(found.value)
    assert found.value.exit_status == 78


@pytest.mark.parametrize(
    "settings",
    [
        {"granularity": "PT1H"},
        {"group_by": f"{CONVERSATIONS}.user_id"},
        {"metrics": f"{CONVERSATIONS}.tHandle"},
    ],
)
def test_what_makes_other_rows_is_part_of_the_recipe(settings):
    assert not recipe(CONVERSATIONS, **settings).is_like(recipe(CONVERSATIONS))
    is_theirs = "granularity" in settings
    assert recipe(USERS, **settings).is_like(recipe(USERS)) != is_theirs
    assert recipe("conversation_details", **settings).is_like(recipe("conversation_details"))


def test_the_engine_makes_no_other_rows_and_no_other_recipe():
    assert recipe(CONVERSATIONS, engine="jobs").is_like(recipe(CONVERSATIONS))
    assert recipe(CONVERSATIONS).query_body == (
        '{"granularity":"PT30M","groupBy":["queueId","mediaType","originatingDirection","userId"]}'
    )


def test_filters_and_engine_of_conversations_do_not_touch_statistics():
    environ = {
        "GENESYS_CLOUD_REGION": "eu-central-1",
        "GENESYS_CLIENT_ID": "id",
        "GENESYS_CLIENT_SECRET": "secret",
        "GENESYS_EXPORT_EXPORT__ENGINE": "query",
        "GENESYS_EXPORT_EXPORT__SLICES": "4",
        "GENESYS_EXPORT_FILTERS__MEDIA_TYPE": "voice",
    }
    known = load(flags={"to": "x", "config": os.devnull}, environ=environ)
    (org,) = known.require_source()
    plan = plan_of(known, org, dataset_named(CONVERSATIONS))
    assert plan.slices == 1
    assert recipe_of(known, plan).is_like(recipe(CONVERSATIONS))
