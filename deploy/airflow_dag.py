"""Two DAGs that export the day before, each night; copy this file and airflow_export.py to `dags`.

`genesys_export` asks again while the day is not complete and holds no worker meanwhile; it calls
Python, so the package has to be in the workers' environment. `genesys_export_bash` runs the
command, which may then be installed apart; it can only try again, whatever the status was.
Turn on one of them. Run with Airflow 3.3.2.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_export import Verdict, export_day

ZONE = "UTC"  # as in the settings: whose midnights bound a day
NIGHT = "15 4 * * *"
COMMON = {
    "start_date": pendulum.datetime(2026, 11, 1, tz=ZONE),
    "catchup": False,  # True: every day since start_date
    "max_active_runs": 1,
    "tags": ["genesys"],
}
# The day before the run's time. Not `ds`: that is yesterday or today, as Airflow is configured.
DAY = (
    "{{ data_interval_end.in_timezone('" + ZONE + "').subtract(days=1).to_date_string()"
    " if data_interval_end else 'yesterday' }}"
)

with DAG("genesys_export", schedule=NIGHT, **COMMON):

    @task.sensor(
        mode="reschedule",
        poke_interval=timedelta(minutes=30).total_seconds(),
        timeout=timedelta(hours=12).total_seconds(),
        retries=3,
        retry_delay=timedelta(minutes=15),
    )
    def day_published(date: str) -> bool:
        """Export the day; False while it is not complete (exit status 75)."""
        verdict = export_day(date)
        match verdict:
            case Verdict.DONE | Verdict.LATER:
                return verdict is Verdict.DONE
            case Verdict.RETRY:
                raise AirflowException(verdict.value)
            case Verdict.FAILED:
                raise AirflowFailException(verdict.value)

    day_published(DAY)

with DAG("genesys_export_bash", schedule=NIGHT, **COMMON):
    BashOperator(
        task_id="run",
        # Client id and secret are in the worker's environment, which the command inherits.
        bash_command="genesys-export run --date " + DAY + " --log-format json",
        append_env=True,
        retries=20,
        retry_delay=timedelta(minutes=30),
        execution_timeout=timedelta(hours=12),
    )
