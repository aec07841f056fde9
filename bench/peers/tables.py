"""How the two scripts that write fifteen tables name their columns, and write them.

BENCH_DECLARATION is a file with our declaration, boiled down: by table its columns in order, the
API's dotted name of each plain field, what the ordinal is called; and the metrics to be summed.
"""

import json
import os
from pathlib import Path

import boto3
import pandas as pd

from jobs_api import BUCKET, PREFIX

DECLARED = json.loads(Path(os.environ["BENCH_DECLARATION"]).read_text())
FIELDS = {name: table["fields"] for name, table in DECLARED["tables"].items()}
COLUMNS = {name: table["columns"] for name, table in DECLARED["tables"].items()}
INDEX = {name: table["index"] for name, table in DECLARED["tables"].items()}
SUMS, COUNTS = DECLARED["sums"], DECLARED["counts"]
OF_CONVERSATIONS = ("evaluations", "surveys", "resolutions")
OF_SESSIONS = {
    "metrics": "session_metrics",
    "mediaEndpointStats": "media_endpoint_stats",
    "proposedAgents": "session_proposed_agents",
    "agentGroups": "session_agent_groups",
}
OF_SEGMENTS = {"scoredAgents": "segment_scored_agents", "properties": "segment_properties"}


def write(table: str, frame: pd.DataFrame) -> None:
    """Write one table and upload it, its columns in the declared order."""
    name = f"{table}.csv.gz"
    columns = [column for column in COLUMNS[table] if column != "_extra"]
    frame.reindex(columns=columns).to_csv(name, index=False, compression="gzip")
    boto3.client("s3").upload_file(name, BUCKET, f"{PREFIX}/{table}/{name}")
