"""dlt as its own docs show it: a resource that yields pages, the filesystem destination.

Its normaliser makes the child tables. The one argument is the loader's file format.
"""

import os
import sys

import dlt
from dlt.destinations import filesystem

from jobs_api import BUCKET, PREFIX, pages


@dlt.resource(name="conversations", write_disposition="append")
def conversations():
    """Yield the records of one page after the other."""
    yield from pages()


bucket = filesystem(
    bucket_url=f"s3://{BUCKET}/{PREFIX}",
    credentials={
        "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
        "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        "endpoint_url": os.environ["AWS_ENDPOINT_URL_S3"],
        "region_name": os.environ["AWS_DEFAULT_REGION"],
    },
)
pipeline = dlt.pipeline(
    pipeline_name="genesys", pipelines_dir="dlt", destination=bucket, dataset_name="genesys"
)
print(pipeline.run(conversations(), loader_file_format=sys.argv[1]))
