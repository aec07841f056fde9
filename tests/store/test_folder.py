"""What only a folder has: modes, links, pipes, keys that would leave it, and no room left."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fakes import some
from genesys_export.errors import (
    ChangedMeanwhile,
    DestinationFailed,
    UnknownOutcome,
    WrongSettings,
)
from genesys_export.model import Always, IfAbsent, IfUnchanged, Tag
from genesys_export.store import FolderStore

GZIP, JSON = "application/gzip", "application/json"
KEY = "conversations/2026-11-22.csv.gz"


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "export")


def staged(store, body=b"rows", token="attempt1", key=KEY):
    upload = store.stage(key, token, GZIP)
    upload.write(body)
    return upload.seal()


def names_in(directory):
    return sorted(path.name for path in directory.iterdir())


def files_below(root):
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_a_tables_directory_holds_data_files_and_nothing_else(store, tmp_path):
    upload = store.stage(KEY, "attempt1", GZIP)
    upload.write(b"half")
    assert not (tmp_path / "export" / "conversations").exists()
    store.complete(staged(store))
    assert names_in(tmp_path / "export" / "conversations") == ["2026-11-22.csv.gz"]
    assert names_in(tmp_path / "export") == ["_genesys_export", "conversations"]
    upload.discard()


def test_what_is_staged_is_private_and_what_is_published_follows_the_umask(tmp_path):
    program = """
import os, sys
from pathlib import Path
os.umask(0o027)
from genesys_export.model import IfAbsent
from genesys_export.store import FolderStore
root = Path(sys.argv[1])
store = FolderStore(root)
upload = store.stage("conversations/a.csv.gz", "t", "application/gzip")
upload.write(b"secret rows")
open_ = [p for p in (root / "_genesys_export/.staging").rglob("*@*") if p.is_file()]
print(oct(open_[0].stat().st_mode & 0o777), oct(open_[0].parent.stat().st_mode & 0o077))
store.complete(upload.seal())
store.put("_genesys_export/d/manifest.json", b"{}", IfAbsent(), "application/json")
for name in ("conversations/a.csv.gz", "_genesys_export/d/manifest.json"):
    print(oct((root / name).stat().st_mode & 0o777))
"""
    told = _in_child(program, str(tmp_path / "export")).split()
    assert told == ["0o600", "0o0", "0o640", "0o640"]


def test_another_process_can_complete_what_this_one_staged(store, tmp_path):
    sealed = staged(store, body=b"rows of another process")
    program = f"""
import sys
from pathlib import Path
from genesys_export.model import Part, StagedFile
from genesys_export.store import FolderStore
FolderStore(Path(sys.argv[1])).complete({sealed!r})
"""
    _in_child(program, str(tmp_path / "export"))
    assert store.read(KEY).body == b"rows of another process"
    assert store.look(KEY).metadata == {"token": sealed.token}
    with pytest.raises(UnknownOutcome):
        store.complete(sealed)


def test_an_upload_that_is_gone_does_not_take_the_token_from_what_is_there(store):
    there = staged(store)
    store.complete(there)
    gone = staged(store)
    store.discard(gone)
    with pytest.raises(UnknownOutcome):
        store.complete(gone)
    assert store.look(KEY).metadata == {"token": there.token}


def test_a_file_that_was_changed_by_hand_has_another_token(store, tmp_path):
    sealed = staged(store)
    store.complete(sealed)
    (tmp_path / "export" / KEY).write_bytes(b"by hand")
    assert store.look(KEY).metadata["token"] != sealed.token
    assert store.look(KEY).size_bytes == len(b"by hand")


# --- notes of tokens, as version 0.1.0 wrote them ----------------------------------------------


def note(root, key, text):
    path = root / "_genesys_export/.tokens" / sha256(key.encode()).hexdigest()[:32]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_no_notes_of_tokens_are_written(store, tmp_path):
    store.complete(staged(store))
    assert not (tmp_path / "export/_genesys_export/.tokens").exists()


def test_an_old_note_of_a_token_holds_while_its_file_lies_there(store, tmp_path):
    tag = store.complete(staged(store))
    path = note(tmp_path / "export", KEY, f"{tag.etag} attempt1")
    assert store.look(KEY).metadata == {"token": "attempt1"}
    new = staged(store)
    store.complete(new)
    assert store.look(KEY).metadata == {"token": new.token}
    assert not path.parent.exists()


def test_an_old_note_of_another_file_is_not_believed(store, tmp_path):
    tag = store.complete(staged(store))
    note(tmp_path / "export", KEY, "of-another-file attempt1")
    assert store.look(KEY).metadata == {"token": tag.etag}


def test_an_old_note_that_is_a_link_is_not_written_through(store, tmp_path):
    outside = tmp_path / "outside"
    outside.write_text("precious")
    path = note(tmp_path / "export", KEY, "")
    path.unlink()
    path.symlink_to(outside)
    store.complete(staged(store))
    assert outside.read_text() == "precious"
    assert store.look(KEY) is not None


# --- what is no regular file -------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["pipe", "directory", "device"])
def test_what_is_no_regular_file_is_refused_and_not_waited_for(store, tmp_path, kind):
    path = tmp_path / "export" / "manifest.json"
    path.parent.mkdir()
    match kind:
        case "pipe":
            os.mkfifo(path)
        case "directory":
            path.mkdir()
        case _:
            path.symlink_to("/dev/null")
    for attempt in (
        lambda: store.read("manifest.json"),
        lambda: store.look("manifest.json"),
        lambda: next(store.chunks("manifest.json", Tag(""))),
        lambda: store.put("manifest.json", b"", IfAbsent(), JSON),
    ):
        with pytest.raises(WrongSettings, match="not a regular file"):
            attempt()
    assert list(store.list("")) == ([] if kind == "directory" else ["manifest.json"])


def test_a_link_in_place_of_the_lock_is_not_followed(store, tmp_path):
    store.put("a", b"", Always(), JSON)
    lock = tmp_path / "export/_genesys_export/.staging/lock"
    lock.unlink()
    lock.symlink_to(tmp_path / "outside")
    with pytest.raises(DestinationFailed):
        store.put("a", b"", Always(), JSON)
    assert not (tmp_path / "outside").exists()


# --- what a killed process left ------------------------------------------------------------------


def test_temporary_files_of_a_killed_process_are_removed_by_the_next_write(store, tmp_path):
    kept = staged(store, key=f"a/{'long' * 60}.csv.gz")
    staging = tmp_path / "export/_genesys_export/.staging"
    (staging / ("0" * 24)).write_bytes(b"half a manifest")
    (staging / ("f" * 24)).mkdir()
    (staging / ("p" * 50) / "piece").mkdir(parents=True)
    FolderStore(tmp_path / "export").put("b", b"", Always(), JSON)
    assert names_in(staging) == sorted(["lock", kept.upload_id[:50]])
    store.complete(kept)
    FolderStore(tmp_path / "export").put("b", b"", Always(), JSON)
    assert names_in(staging) == ["lock"]


# --- whether a file could be put where it belongs ---------------------------------------------


def test_where_nothing_stands_in_the_way_nothing_is_left_of_trying(store, tmp_path):
    staged(store)
    store.put("there/a", b"", Always(), JSON)
    store.check_replaceable([KEY, "there/a", "new/dt=2026-11-22/000.csv.gz"])
    assert names_in(tmp_path / "export") == ["_genesys_export", "there"]
    assert names_in(tmp_path / "export/there") == ["a"]


def test_a_directory_in_place_of_a_file_is_found_before_it_matters(store, tmp_path):
    (tmp_path / "export" / KEY).mkdir(parents=True)
    with pytest.raises(WrongSettings, match="Is a directory"):
        store.check_replaceable([KEY])


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_a_folder_on_another_file_system_is_found_before_it_matters(store, tmp_path):
    with TemporaryDirectory(dir="/dev/shm") as elsewhere:
        (tmp_path / "export").mkdir()
        (tmp_path / "export/conversations").symlink_to(elsewhere)
        if Path(elsewhere).stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("both are one file system")
        with pytest.raises(WrongSettings, match="another file system") as refused:
            store.check_replaceable([KEY])
        assert refused.value.advice
        assert names_in(Path(elsewhere)) == []


@pytest.mark.parametrize(("mode", "foreign"), [(0o555, False), (0o1777, True)])
def test_a_folder_of_a_table_that_may_not_be_written_is_found_before_it_matters(
    tmp_path, mode, foreign
):
    """In a folder with the sticky bit a file of somebody else's can't be replaced."""
    root = tmp_path / "export"
    (root / "conversations").mkdir(parents=True)
    if foreign:
        (root / KEY).write_bytes(b"")
    (root / "conversations").chmod(mode)
    if os.getuid() != 0:
        pytest.skip("needs root, to be two users")
    root.chmod(0o777)
    program = """
import os, sys
from pathlib import Path
from genesys_export.errors import NotPermitted
from genesys_export.store import FolderStore
os.chdir(sys.argv[1])
os.setgroups([])
os.setresgid(65534, 65534, 65534)
os.setresuid(65534, 65534, 65534)
try:
    FolderStore(Path("/proc/self/cwd")).check_replaceable([sys.argv[2]])
except NotPermitted as refused:
    print(refused.status, refused.message)
"""
    assert _in_child(program, str(root), KEY).startswith(f"77 could not write {KEY}")


@pytest.mark.parametrize(
    "key", ["../outside", "a/../../outside", "/etc/outside", "a//b", "a/./b", "a\\b", "a\0b", ""]
)
def test_a_key_can_not_leave_the_folder(store, tmp_path, key):
    for attempt in (
        lambda: store.stage(key, "t", GZIP),
        lambda: store.put(key, b"", Always(), JSON),
        lambda: store.read(key),
        lambda: store.look(key),
        lambda: store.delete(key),
    ):
        with pytest.raises(DestinationFailed, match="not a valid key for a folder"):
            attempt()
    assert not (tmp_path / "outside").exists()


def test_eight_processes_count_together_without_losing_a_step(store, tmp_path):
    program = """
import sys
from pathlib import Path
from genesys_export.errors import ChangedMeanwhile
from genesys_export.model import IfUnchanged
from genesys_export.store import FolderStore
store, counted = FolderStore(Path(sys.argv[1])), 0
while counted < 10:
    found = store.read("counter")
    try:
        store.put("counter", b"%d" % (int(found.body) + 1), IfUnchanged(found.tag), "text/plain")
        counted += 1
    except ChangedMeanwhile:
        pass
"""
    store.put("counter", b"0", IfAbsent(), JSON)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: _in_child(program, str(tmp_path / "export")), range(8)))
    assert store.read("counter").body == b"80"


def test_a_refused_write_leaves_nothing_behind(store, tmp_path):
    tag = store.put("a/manifest.json", b"first", IfAbsent(), JSON)
    store.put("a/manifest.json", b"second", IfUnchanged(tag), JSON)
    with pytest.raises(ChangedMeanwhile):
        store.put("a/manifest.json", b"third", IfUnchanged(tag), JSON)
    visible = [name for name in files_below(tmp_path / "export") if "/.staging/" not in name]
    assert visible == ["a/manifest.json"]
    assert _staged_bytes(tmp_path / "export") == 0


def test_no_room_for_a_data_file_is_said_and_leaves_nothing(tmp_path):
    assert _with_little_room("data", tmp_path) == ["74", "0", "[]"]


def test_no_room_for_a_manifest_leaves_the_old_one(tmp_path):
    store = FolderStore(tmp_path / "export")
    store.put("manifest.json", b"the old one", IfAbsent(), JSON)
    assert _with_little_room("manifest", tmp_path) == ["74", "0", "['manifest.json']"]
    assert some(store.read("manifest.json")).body == b"the old one"


def test_a_file_where_the_folder_should_be_is_a_wrong_setting(tmp_path):
    (tmp_path / "export").write_text("a file")
    store = FolderStore(tmp_path / "export")
    for attempt in (
        lambda: store.stage(KEY, "t", GZIP),
        lambda: store.put("manifest.json", b"", IfAbsent(), JSON),
    ):
        with pytest.raises(WrongSettings) as refused:
            attempt()
        assert refused.value.status == 78
    assert store.read("manifest.json") is None


def test_a_folder_that_may_not_be_written_names_the_right_that_is_missing(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o555)
    program = """
import os, sys
from pathlib import Path
from genesys_export.errors import NotPermitted
from genesys_export.store import FolderStore
os.chdir(sys.argv[1])  # while its parents may still be passed
if os.getuid() == 0:
    os.setgroups([])
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
try:
    FolderStore(Path("/proc/self/cwd/export")).stage("a/b", "t", "application/gzip")
except NotPermitted as refused:
    print(refused.status, refused.advice)
"""
    assert _in_child(program, str(closed)).startswith("77 Give the user")


def _with_little_room(what, tmp_path):
    """Write more than the system lets the process write; return status, bytes staged, keys."""
    program = """
import resource, sys
from pathlib import Path
from genesys_export.errors import ExportError
from genesys_export.model import Always
from genesys_export.store import FolderStore
store = FolderStore(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
if sys.argv[2] == "data":
    upload = store.stage("conversations/a.csv.gz", "t", "application/gzip")
    try:
        for _ in range(10):
            upload.write(b"x" * 50_000)
        upload.seal()
    except ExportError as failed:
        print(failed.status)
    upload.discard()
else:
    try:
        store.put("manifest.json", b"x" * 500_000, Always(), "application/json")
    except ExportError as failed:
        print(failed.status)
"""
    status = _in_child(program, str(tmp_path / "export"), what).strip()
    left = _staged_bytes(tmp_path / "export")
    return [status, str(left), str(list(FolderStore(tmp_path / "export").list("")))]


def _staged_bytes(root):
    home = root / "_genesys_export" / ".staging"
    return sum(path.stat().st_size for path in home.rglob("*") if path.is_file())


def _in_child(program, *arguments):
    child = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert child.returncode == 0, child.stderr
    return child.stdout


# --- uploads that others left ----------------------------------------------------------------


def test_what_a_killed_process_staged_is_found_with_its_key_and_time(store, tmp_path):
    program = """
import os, sys
from pathlib import Path
from genesys_export.store import FolderStore
upload = FolderStore(Path(sys.argv[1])).stage("conversations/a.csv.gz", "t", "application/gzip")
upload.write(b"half")
os._exit(0)
"""
    _in_child(program, str(tmp_path / "export"))
    (left,) = store.uploads("conversations/")
    store.put("claim.json", b"{}", Always(), JSON)
    assert left.key == "conversations/a.csv.gz"
    assert left.began <= store.look("claim.json").modified
    store.discard(left)
    assert list(store.uploads("")) == []
    assert _staged_bytes(tmp_path / "export") == 0


def test_when_an_upload_was_begun_does_not_change_while_it_is_written(store):
    upload = store.stage(KEY, "attempt1", GZIP)
    (begun,) = store.uploads("")
    upload.write(b"rows" * 100_000)
    upload.seal()
    assert list(store.uploads("")) == [begun]


def test_what_is_no_upload_is_not_listed_as_one(store, tmp_path):
    store.put("manifest.json", b"{}", Always(), JSON)  # makes the lock
    staging = tmp_path / "export" / "_genesys_export" / ".staging"
    for name in ("0123456789ab", "a@", "a@xyz-1", "@1-1", "a@1", f"a@{'f' * 40}-1"):
        (staging / name).write_bytes(b"")
    assert list(store.uploads("")) == []


def test_a_staged_file_that_was_cut_is_not_held(store, tmp_path):
    sealed = staged(store, body=b"rows")
    path = tmp_path / "export" / "_genesys_export" / ".staging" / sealed.upload_id
    path.write_bytes(b"row")
    assert not store.holds(sealed)


def test_a_folder_tells_the_time_by_the_clock_it_was_given(tmp_path):
    later = datetime(2030, 1, 1, tzinfo=UTC)
    store = FolderStore(tmp_path / "export", now=lambda: later)
    store.put("claim.json", b"{}", Always(), JSON)
    seen = some(store.look("claim.json"))
    assert seen.modified < seen.now == later


def test_a_file_that_is_replaced_while_it_is_read_is_read_to_its_end(store):
    tag = store.put("a", b"x" * (3 << 20), Always(), JSON)
    pieces = store.chunks("a", tag)
    first = next(pieces)
    store.put("a", b"newer", Always(), JSON)
    assert first + b"".join(pieces) == b"x" * (3 << 20)
