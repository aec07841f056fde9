"""Starting and stopping: in a thread, as a command, by signals."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading

import pytest
import urllib3

from fakes import some
from genesys_simulator import World, run, serve

PROGRAM = """
from genesys_simulator import World, run
run(World.generated(per_day=3), on_ready=lambda genesys: print(genesys.base_url, flush=True))
print("ended", flush=True)
"""


def test_it_answers_at_once_and_its_port_is_free_afterwards():
    with serve(World.generated(per_day=1)) as genesys, urllib3.PoolManager(timeout=10) as http:
        assert http.request("GET", genesys.base_url + "/").status == 404
        port = int(genesys.base_url.rpartition(":")[2])
    with socket.create_server(("127.0.0.1", port)) as again:
        assert again.getsockname()[1] == port


def test_two_simulators_live_side_by_side():
    world = World.generated(per_day=1)
    with serve(world) as one, serve(world) as other:
        assert one.base_url != other.base_url


def test_a_taken_port_is_an_error():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use"), serve(World.generated(), port=port):
            pass


def test_it_runs_until_told_to_stop():
    stop, ready = threading.Event(), []

    def begun(simulator):
        ready.append(simulator)
        stop.set()

    run(World.generated(per_day=1), on_ready=begun, stop=stop)
    assert ready[0].base_url.startswith("http://127.0.0.1:")


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_command_cleanly(signum):
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        assert some(child.stdout).readline().startswith("http://127.0.0.1:")
        child.send_signal(signum)
        out, err = child.communicate(timeout=30)
    assert (child.returncode, out, err) == (0, "ended\n", "")
