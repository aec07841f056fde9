"""genesys-export: Genesys Cloud conversation details into a bucket, one trusted day at a time."""

__version__ = "0.2.0.dev0"
