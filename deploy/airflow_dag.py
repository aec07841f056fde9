"""Two DAGs that export what is due each night: enable one. Copy this file to the DAGs folder.

What is due (yesterday, and every day before it that is missing or may have been corrected) is for
the program to say. `genesys_export` runs a task for each day of each organisation and dataset,
waits without a worker while Genesys does not have a day, and gives its asset an event with each
manifest's key. `genesys_export_tasks` runs one task for each organisation.
The package must be installed for the workers and the triggerer. Written for Airflow 3.3.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG, Asset, task

from genesys_export import Exporter
from genesys_export.integrations.airflow import ExportDayOperator, answer, stoppable

CONFIG = ""  # the settings file, the same path on every worker and triggerer; "" for variables
ORGS = [""]  # the names in [orgs]; "" for the only organisation
ZONE = "UTC"  # of the schedule; best the one in the settings
NIGHT = "15 4 * * *"
COMMON = {
    "start_date": pendulum.datetime(2026, 11, 1, tz=ZONE),
    "catchup": False,  # the program catches up by itself
    "max_active_runs": 1,
    "default_args": {"retries": 3, "retry_delay": timedelta(minutes=15)},
    "tags": ["genesys"],
}
MANIFESTS = Asset("genesys-export-manifests")

with DAG("genesys_export", schedule=NIGHT, **COMMON):

    @task
    def due() -> list[dict[str, str]]:
        """Return what to export."""
        with Exporter.from_settings(CONFIG or None) as exporter:
            return [
                {"org": one.org, "dataset": one.dataset, "day": str(one.day)}
                for one in exporter.due()
            ]

    ExportDayOperator.partial(
        task_id="export",
        config=CONFIG,
        outlets=[MANIFESTS],
        max_active_tis_per_dagrun=4,  # they share a budget of requests at Genesys
        map_index_template="{{ task.org }} {{ task.dataset }} {{ task.day }}",
    ).expand_kwargs(due())

with DAG("genesys_export_tasks", schedule=NIGHT, **COMMON):

    @task
    def export(org: str) -> list[str]:
        """Export what is due; reschedule while Genesys does not have a day."""

        def work(should_stop):  # noqa: ANN001, ANN202
            with Exporter.from_settings(
                CONFIG or None, org=org or None, should_stop=should_stop
            ) as exporter:
                return list(exporter.export_due())

        results = stoppable(work)
        if problem := answer(results):  # AirflowRescheduleException(retry_at) while a day lacks
            raise problem
        return [str(result) for result in results]

    export.expand(org=ORGS)
