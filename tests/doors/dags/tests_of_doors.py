"""The DAGs of test_airflow.py, beside the shipped ones."""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.sdk import DAG

from genesys_export.integrations.airflow import ExportDayOperator

START = pendulum.datetime(2025, 11, 1, tz="UTC")
DAY = "2025-11-20"

with DAG("a_day", schedule=None, start_date=START):
    ExportDayOperator(task_id="export", day="{{ dag_run.conf.day }}", retries=3)

with DAG("timed_out", schedule=None, start_date=START):
    ExportDayOperator(task_id="export", day=DAY, execution_timeout=timedelta(seconds=2))
