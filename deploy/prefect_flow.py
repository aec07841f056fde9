"""A flow for Prefect that exports what is due each night: `python prefect_flow.py` serves it.

One deployment an organisation, so that each has its own runs, waits and failures. For a work pool,
give the same deployments to `prefect.deploy`. Written for Prefect 3.9.
"""

from __future__ import annotations

from prefect import serve
from prefect.schedules import Cron

from genesys_export.integrations.prefect import export_due

CONFIG = ""  # the settings file; "" for variables
ORGS = [""]  # the names in [orgs]; "" for the only organisation
ZONE = "UTC"  # of the schedule; best the one in the settings

DEPLOYMENTS = [
    export_due.to_deployment(
        name=org or "organisation",
        parameters={"org": org, "config": CONFIG},
        schedule=Cron("15 4 * * *", timezone=ZONE),
        concurrency_limit=1,
    )
    for org in ORGS
]

if __name__ == "__main__":
    serve(*DEPLOYMENTS)
