"""A run is killed while it announces a day: the next one, with nothing to do, announces it."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import ExitStack, contextmanager

from e2e_command import stop, wait_until

SECRET = "whsec_" + "c2VjcmV0" * 4


@contextmanager
def silent():
    """Give an address that takes connections and never answers, the socket, and its callers."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        server.settimeout(0)

        def has_caller():
            try:
                stack.enter_context(server.accept()[0])
            except BlockingIOError:
                return False
            return True

        yield f"http://127.0.0.1:{server.getsockname()[1]}/hook", server, has_caller


def with_webhook(command, address):
    return command.with_variables(
        GENESYS_EXPORT_NOTIFY__URLS=address, GENESYS_EXPORT_NOTIFY__SECRET=SECRET
    )


def answering(server):
    """Answer 200 to one request; return its body."""
    server.settimeout(30)
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as sent:
        length = 0
        while (line := sent.readline().strip()) != b"":
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        body = sent.read(length)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    return json.loads(body)


def test_a_day_whose_message_a_kill_cut_off_is_announced_by_the_next_run(
    command, genesys, lake, day
):
    told = command.against(genesys())
    with silent() as (address, server, has_caller):
        told = with_webhook(told, address)
        with told.started("run", "--to", lake.root, "--date", day) as child:
            wait_until(child, has_caller)
            assert stop(child, signal.SIGKILL, 10).status == -signal.SIGKILL
        with told.started("run", "--to", lake.root, "--date", day) as child:
            message = answering(server)
            out, err = child.communicate(timeout=30)
        assert (child.returncode, message["day"]) == (0, str(day)), (out, err)
        assert message["outcome"] == "published"
    told.run("--date", day).ends(0)


def test_a_signal_while_a_target_is_silent_ends_the_run_within_seconds(
    command, genesys, lake, day
):
    with silent() as (address, _, has_caller):
        told = with_webhook(command.against(genesys()), address)
        with told.started("run", "--to", lake.root, "--date", day) as child:
            wait_until(child, has_caller)
            result = stop(child, signal.SIGTERM, 15)
    assert result.status == 143, result.err
    assert "Traceback" not in result.err
    assert lake.files() != []
