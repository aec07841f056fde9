"""What `--to` can name."""

from pathlib import Path

import pytest
from scripted import keys

from genesys_export.errors import WrongSettings
from genesys_export.store import FolderStore, S3Options, open_store
from genesys_export.store.s3 import S3Store


def options(bucket, prefix):
    return S3Options(bucket=bucket, prefix=prefix, region="us-east-1")


@pytest.mark.parametrize(
    ("to", "url"),
    [
        ("s3://bucket", "s3://bucket/a/b"),
        ("s3://bucket/", "s3://bucket/a/b"),
        ("s3://bucket/prefix", "s3://bucket/prefix/a/b"),
        ("s3://bucket/two/levels/", "s3://bucket/two/levels/a/b"),
        ("s3://bucket/odd name?x#y%20", "s3://bucket/odd name?x#y%20/a/b"),
    ],
)
def test_a_bucket_and_a_prefix_are_taken_literally(to, url):
    store = open_store(to, options)
    assert isinstance(store, S3Store)
    assert store.url("a/b") == url
    store.close()


@pytest.mark.parametrize(
    ("to", "path"),
    [
        ("/srv/export", "/srv/export/a/b"),
        ("file:///srv/export", "/srv/export/a/b"),
        ("file:///srv/my%20export", "/srv/my export/a/b"),
        ("file://localhost/srv/export", "/srv/export/a/b"),
        ("./export", f"{Path.cwd()}/export/a/b"),
        ("demo-export", f"{Path.cwd()}/demo-export/a/b"),
        ("/srv/100%/x?y#z", "/srv/100%/x?y#z/a/b"),
    ],
)
def test_a_folder_can_be_a_url_or_a_path(to, path):
    store = open_store(to, options)
    assert isinstance(store, FolderStore)
    assert store.url("a/b") == path


@pytest.mark.parametrize(
    "to", ["", " ", "s3://", "s3:///prefix", "file://host/dir", "gs://bucket/x", "https://x/y"]
)
def test_anything_else_is_a_wrong_setting(to):
    with pytest.raises(WrongSettings, match="--to"):
        open_store(to, options)


def test_made_up_credentials_are_in_no_repr():
    store = S3Store(options("b", "p"), session=keys("canary-secret-7Q"))
    assert "canary-secret-7Q" not in f"{store!r} {vars(store)!r} {options('b', 'p')!r}"
    store.close()
