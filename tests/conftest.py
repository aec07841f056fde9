"""Lets every test import the fakes that stand beside this file, and meet the S3 servers.

One server of each kind a worker process, begun by the first test that asks for it: a test
keeps to a prefix or a bucket of its own.
"""

from s3_servers import moto, seaweedfs

__all__ = ["moto", "seaweedfs"]
