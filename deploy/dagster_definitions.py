"""Definitions for Dagster: assets partitioned by day, and a schedule that exports what is due.

Load it with `dagster dev -f dagster_definitions.py`, or copy it into your code location. Each
night's runs are the days that are missing or may have been corrected since. Written for Dagster
1.13.
"""

from collections.abc import Iterator

from dagster import AssetSelection, Definitions, RunRequest, ScheduleEvaluationContext, schedule

from genesys_export.integrations.dagster import day_asset, due_runs

CONFIG = ""  # the settings file; "" for variables
ORGS = [""]  # the names in [orgs]; "" for the only organisation
DATASETS = ["conversation_details"]  # as in the settings
START = "2026-11-01"  # the first day
ZONE = "UTC"  # of the schedule; best the one in the settings

ASSETS = [
    day_asset(start=START, org=org, dataset=dataset, config=CONFIG)
    for org in ORGS
    for dataset in DATASETS
]


@schedule(cron_schedule="15 4 * * *", execution_timezone=ZONE, target=AssetSelection.all())
def every_night(_: ScheduleEvaluationContext) -> Iterator[RunRequest]:
    """Export what is due."""
    yield from due_runs(since=START, config=CONFIG)


definitions = Definitions(assets=ASSETS, schedules=[every_night])
