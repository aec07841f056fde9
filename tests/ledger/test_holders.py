"""Whether the process that holds a claim still lives, as far as that can be told from here."""

import subprocess
import sys

import pytest

from genesys_export.claim import Holder
from genesys_export.ledger.holders import is_gone, this_process

STAT = "{pid} (a name) with) {state} 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 {start} 0 0\n"


@pytest.fixture
def proc(tmp_path):
    """A /proc of its own: one boot, one namespace, processes as a test writes them."""
    (tmp_path / "sys/kernel/random").mkdir(parents=True)
    (tmp_path / "sys/kernel/random/boot_id").write_text("boot-1\n")
    (tmp_path / "self/ns").mkdir(parents=True)
    (tmp_path / "self/ns/pid").symlink_to("pid:[4026531836]")
    return tmp_path


def process(proc, pid=9, start=100, state="S"):
    (proc / str(pid)).mkdir(exist_ok=True)
    (proc / str(pid) / "stat").write_text(STAT.format(pid=pid, state=state, start=start))


def holder(pid=9, realm="boot-1/pid:[4026531836]", start=100):
    return Holder(host="here", pid=pid, process=f"{realm}/{start}")


def test_this_process_lives():
    me = this_process()
    assert me.process
    assert not is_gone(me)


def test_a_child_that_has_ended_is_gone():
    child = subprocess.run(
        [
            sys.executable,
            "-c",
            (
                "from genesys_export.ledger import this_process as t;"
                "h = t(); print(h.host, h.pid, h.process)"
            ),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    host, pid, named = child.stdout.split()
    assert is_gone(Holder(host=host, pid=int(pid), process=named))


def test_a_process_that_runs_is_not_gone(proc):
    process(proc)
    assert not is_gone(holder(), proc)


def test_a_process_that_is_not_listed_is_gone(proc):
    assert is_gone(holder(), proc)


@pytest.mark.parametrize("state", ["Z", "X", "x"])
def test_a_process_that_only_waits_to_be_buried_is_gone(proc, state):
    process(proc, state=state)
    assert is_gone(holder(), proc)


def test_a_number_that_means_another_process_by_now_is_gone(proc):
    process(proc, start=200)
    assert is_gone(holder(start=100), proc)


@pytest.mark.parametrize("realm", ["boot-2/pid:[4026531836]", "boot-1/pid:[1]", ""])
def test_of_another_machine_or_container_nothing_is_concluded(proc, realm):
    assert not is_gone(holder(realm=realm), proc)


def test_without_proc_nothing_is_concluded(tmp_path):
    assert not is_gone(holder(), tmp_path)
    assert this_process(tmp_path).process == ""
