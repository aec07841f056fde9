"""The servers, for every test of the stores."""

from s3_servers import moto, seaweedfs

__all__ = ["moto", "seaweedfs"]
