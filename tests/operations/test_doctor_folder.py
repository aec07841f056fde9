"""doctor at a folder: it is tried out, and left as it was found."""

from __future__ import annotations

import pytest

from genesys_export.errors import WrongSettings
from genesys_export.findings import Verdict
from genesys_export.operations.doctor.destination import destination
from genesys_export.operations.doctor.folder import Folder

NFS = "36 35 98:0 / / rw,noatime master:1 - nfs4 server:/export rw\n"


def no_bucket(bucket, prefix):
    raise AssertionError(f"nobody asked for {bucket}/{prefix}")


def no_clock():
    raise AssertionError("a folder's examination knows no time")


def examined(to):
    return list(destination(str(to), no_bucket, now=no_clock, token="t0k3n"))


def test_a_folder_that_is_there_is_left_as_it_was(tmp_path):
    (tmp_path / "kept").write_text("kept")
    seen = {one.name: one.found for one in examined(tmp_path)}
    assert seen["folder"] == f"{tmp_path} exists"
    assert seen["write"] == "a file was written"
    assert seen["replace"] == "a file is replaced atomically"
    assert seen["lock"] == "file locks work"
    assert list(seen) == ["folder", "write", "replace", "lock", "free space", "file system"]
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_a_folder_that_is_not_there_is_made_and_removed_again(tmp_path):
    first, *_ = examined(tmp_path / "a/b")
    assert first.found == f"{tmp_path / 'a/b'} can be created"
    assert list(tmp_path.iterdir()) == []


def test_a_file_in_the_folders_place_is_a_wrong_setting(tmp_path):
    (tmp_path / "file").write_text("")
    first, *rest = examined(tmp_path / "file")
    assert (first.verdict, first.status) == (Verdict.FAIL, 78)
    assert first.fix == "Check --to."
    assert {one.found for one in rest} == {"not checked: folder failed"}


def test_a_file_on_the_way_to_the_folder_is_a_wrong_setting(tmp_path):
    (tmp_path / "file").write_text("")
    first, *_ = examined(tmp_path / "file/below")
    assert (first.verdict, first.status) == (Verdict.FAIL, 78)


def test_a_network_file_system_fails_unless_it_is_allowed(tmp_path):
    table = tmp_path / "mountinfo"
    table.write_text(NFS)
    refused = Folder(tmp_path, "t", network_ok=False, mountinfo=table).file_system()
    assert (refused.verdict, refused.status) == (Verdict.FAIL, 78)
    assert refused.found.startswith("nfs4: a network file system")
    allowed = Folder(tmp_path, "t", network_ok=True, mountinfo=table).file_system()
    assert allowed.verdict is Verdict.WARN


def test_a_machine_without_a_table_of_mounts_leaves_the_file_system_unknown(tmp_path):
    one = Folder(tmp_path, "t", network_ok=False, mountinfo=tmp_path / "none").file_system()
    assert one.verdict is Verdict.UNKNOWN


def test_an_address_that_is_none_is_refused():
    with pytest.raises(WrongSettings, match="only s3://… and folders"):
        examined("ftp://somewhere")
