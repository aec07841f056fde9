"""The usual script: the day into one frame, one csv.gz, one upload. It flattens nothing."""

import boto3
import pandas as pd

from jobs_api import BUCKET, PREFIX, pages

records = []
for page in pages():
    records += page

pd.DataFrame(records).to_csv("conversations.csv.gz", index=False, compression="gzip")
boto3.client("s3").upload_file(
    "conversations.csv.gz", BUCKET, f"{PREFIX}/conversations/conversations.csv.gz"
)
