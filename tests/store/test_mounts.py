"""Network file systems are known by the table of mounts, and refused unless told otherwise."""

from pathlib import Path

import pytest

from fakes import some
from genesys_export.errors import WrongSettings
from genesys_export.model import Always
from genesys_export.store import FolderStore
from genesys_export.store.mounts import network_type, type_at

TABLE = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw
30 22 0:30 / /srv/lake rw,relatime shared:9 master:1 - nfs4 filer:/lake rw,vers=4.2
31 30 0:31 / /srv/lake/local rw - xfs /dev/vdb rw
32 22 0:32 / /mnt/two\\040words rw - cifs //filer/share rw
33 22 0:33 / /home/me/remote rw - fuse.sshfs host: rw
34 22 0:34 / /overlay rw - fuse.fuse-overlayfs fuse-overlayfs rw
35 22 0:35 / /hidden rw - nfs filer:/old rw
36 35 0:36 / /hidden rw - tmpfs tmpfs rw
a line that says nothing
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv/lakeside", "ext4"),
        ("/srv/lake", "nfs4"),
        ("/srv/lake/a/b", "nfs4"),
        ("/srv/lake/local/a", "xfs"),
        ("/mnt/two words/a", "cifs"),
        ("/hidden/a", "tmpfs"),
    ],
)
def test_a_path_lies_on_the_nearest_and_latest_mount(path, kind):
    assert type_at(Path(path), TABLE) == kind


@pytest.mark.parametrize(
    ("kind", "network"),
    [
        *((kind, True) for kind in ("nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "lustre")),
        *((kind, True) for kind in ("glusterfs", "fuse.sshfs", "fuse.rclone", "fuse.s3fs")),
        *((kind, False) for kind in ("ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay")),
        *((kind, False) for kind in ("fuseblk", "fuse.fuse-overlayfs", "virtiofs")),
    ],
)
def test_file_systems_of_other_machines_are_known_by_type(tmp_path, kind, network):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(f"22 1 8:1 / / rw - {kind} source rw\n")
    assert network_type(tmp_path / "export", mounts) == (kind if network else None)


def test_where_no_table_is_every_folder_is_accepted(tmp_path):
    assert network_type(tmp_path, tmp_path / "no-such-table") is None
    empty = tmp_path / "empty"
    empty.write_text("")
    assert network_type(tmp_path, empty) is None


@pytest.fixture
def mounted(tmp_path):
    """Return a table that says that pytest's directory is mounted from elsewhere."""
    table = tmp_path / "mountinfo"
    table.write_text(f"22 1 8:1 / {tmp_path.resolve()} rw - nfs4 filer:/lake rw\n")
    return table


def test_a_network_folder_is_refused_at_the_first_write(tmp_path, mounted):
    store = FolderStore(tmp_path / "export", mountinfo=mounted)
    assert store.read("a") is None
    assert list(store.list("")) == []
    for attempt in (
        lambda: store.put("a", b"", Always(), "text/plain"),
        lambda: store.stage("a", "t", "text/plain"),
    ):
        with pytest.raises(WrongSettings, match="network file system \\(nfs4\\)") as refused:
            attempt()
        assert refused.value.status == 78
        assert "network_folder = true" in refused.value.advice
    assert not (tmp_path / "export").exists()


def test_a_link_to_a_network_folder_is_followed(tmp_path, mounted):
    (tmp_path / "lake").mkdir()
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "lake")
    table = tmp_path / "deeper"
    table.write_text(mounted.read_text().replace(" rw - ", "/lake rw - "))
    with pytest.raises(WrongSettings, match="network"):
        FolderStore(link, mountinfo=table).put("a", b"", Always(), "text/plain")
    FolderStore(tmp_path / "beside", mountinfo=table).put("a", b"", Always(), "text/plain")


def test_who_was_told_writes_to_a_network_folder(tmp_path, mounted):
    store = FolderStore(tmp_path / "export", mountinfo=mounted, network_ok=True)
    store.put("a", b"1", Always(), "text/plain")
    assert some(store.read("a")).body == b"1"
