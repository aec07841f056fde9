"""Two DAGs that export what is due, each night; copy this file and airflow_export.py to `dags`.

What is due (yesterday, and every day before it that is missing or may have been corrected) is for
the program to say, so neither hands it a date.
`genesys_export` asks again while a day is not complete and holds no worker meanwhile; it calls
Python, so the package has to be in the workers' environment. `genesys_export_bash` runs the
command, which may then be installed apart; it can only try again, whatever the status was.
Turn on one of them. Written for Airflow 3.3.2.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_export import Verdict, export_due

ZONE = "UTC"  # of the schedule; best the one whose midnights bound a day in the settings
NIGHT = "15 4 * * *"
COMMON = {
    "start_date": pendulum.datetime(2026, 11, 1, tz=ZONE),
    "catchup": False,  # the program catches up by itself
    "max_active_runs": 1,
    "tags": ["genesys"],
}

with DAG("genesys_export", schedule=NIGHT, **COMMON):

    @task.sensor(
        mode="reschedule",
        poke_interval=timedelta(minutes=30).total_seconds(),
        timeout=timedelta(hours=12).total_seconds(),
        retries=3,
        retry_delay=timedelta(minutes=15),
    )
    def days_published() -> bool:
        """Export what is due; False while a day is not complete (exit status 75)."""
        verdict = export_due()
        match verdict:
            case Verdict.DONE | Verdict.LATER:
                return verdict is Verdict.DONE
            case Verdict.RETRY:
                raise AirflowException(verdict.value)
            case Verdict.FAILED:
                raise AirflowFailException(verdict.value)

    days_published()

with DAG("genesys_export_bash", schedule=NIGHT, **COMMON):
    BashOperator(
        task_id="run",
        # Client id and secret are in the worker's environment, which the command inherits.
        bash_command="genesys-export run --log-format json",
        append_env=True,
        retries=20,
        retry_delay=timedelta(minutes=30),
        execution_timeout=timedelta(hours=12),
    )
