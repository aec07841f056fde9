"""The job API as a tutorial reads it: token, submit, poll, page by page, by requests.

Shared by every peer, so that all of them fetch alike; where things are stands in the environment.
"""

import os
import time
from datetime import date, timedelta

import requests

BASE = os.environ["GENESYS_CLOUD_BASE_URL"]
JOBS = f"{BASE}/api/v2/analytics/conversations/details/jobs"
BUCKET = os.environ["BENCH_BUCKET"]
PREFIX = os.environ["BENCH_PREFIX"]


def pages():
    """Yield the records of one page after the other."""
    session = requests.Session()
    login = (os.environ["GENESYS_CLIENT_ID"], os.environ["GENESYS_CLIENT_SECRET"])
    answer = session.post(
        f"{BASE}/oauth/token", data={"grant_type": "client_credentials"}, auth=login
    )
    answer.raise_for_status()
    session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    day = date.fromisoformat(os.environ["BENCH_DAY"])
    interval = f"{day}T00:00:00.000Z/{day + timedelta(days=1)}T00:00:00.000Z"
    body = {"interval": interval, "startOfDayIntervalMatching": True}
    answer = session.post(JOBS, json=body)
    answer.raise_for_status()
    job = f"{JOBS}/{answer.json()['jobId']}"
    while session.get(job).json()["state"] != "FULFILLED":
        time.sleep(1)
    query = {"pageSize": 1000}
    while True:
        answer = session.get(f"{job}/results", params=query)
        answer.raise_for_status()
        page = answer.json()
        yield page["conversations"]
        if not page.get("cursor"):
            return
        query["cursor"] = page["cursor"]
