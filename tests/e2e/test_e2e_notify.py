"""A run is killed while it announces a day: the next one, with nothing to do, announces it."""

from __future__ import annotations

import json
import signal
import socket
from contextlib import ExitStack, contextmanager
from email import message_from_bytes
from email.header import decode_header, make_header
from threading import Thread

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


def test_doctor_checks_the_settings_of_the_targets_and_sends_nothing(command, genesys, lake):
    with silent() as (address, _, has_caller):
        told = with_webhook(command.against(genesys()), address)
        result = told("doctor", "--to", lake.root).ends(0)
        assert "Announcements, targets: 1 program, 0 addresses of people" in result.out
        assert not has_caller()
    wrong = told.with_variables(GENESYS_EXPORT_NOTIFY__ALERTS="nothing-like-it://cAnArY")
    result = wrong("doctor", "--to", lake.root).ends(78)
    assert "apprise can't read address number 1" in result.out
    assert "cAnArY" not in result.words


def test_addresses_that_do_not_answer_are_named_and_not_shown(
    command, genesys, lake, day, closed_address
):
    told = with_webhook(command.against(genesys()), f"http://{closed_address}/cAnArY-token")
    mail = f"mailto://cAnArY-user:cAnArY-pw@{closed_address}?to=cAnArY@example.org&from=export@example.org&mode=insecure"
    told = told.with_variables(
        GENESYS_EXPORT_NOTIFY__ALERTS=mail, GENESYS_CLIENT_SECRET="not-the-secret"
    )
    result = told.run("--date", day, "--verbose").ends(77)
    assert f"http://{closed_address}/… did not take a message" in result.err
    assert "mailto:// (number 1 of alerts) did not take a message" in result.err
    assert "cAnArY" not in result.words
    kept = [one.read_bytes() for one in lake.root.rglob("*") if one.is_file()]
    assert any(b'"failed"' in one for one in kept)
    assert all(b"cAnArY" not in one for one in kept)


def test_people_are_told_by_mail_what_failed_and_once(command, genesys, lake, day):
    """By a mail server on loopback that takes one message and ends the conversation."""
    mail = Mailbox()
    with mail.open() as address:
        wrong = command.against(genesys(), GENESYS_CLIENT_SECRET="not-the-secret").with_variables(
            GENESYS_EXPORT_NOTIFY__ALERTS=f"{address}&from=export@example.org"
        )
        for _ in range(2):
            wrong.run("--date", day).ends(77)
    (message,) = mail.messages
    assert f"conversation_details {day}: failed" in message
    assert "refused to sign in" in message


class Mailbox:
    """A mail server for one client after the other."""

    def __init__(self):
        self.messages = []

    @contextmanager
    def open(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            thread = Thread(target=self._serve, args=(server,), daemon=True)
            thread.start()
            yield f"mailto://127.0.0.1:{port}?mode=insecure&to=ops@example.org"
            server.shutdown(socket.SHUT_RDWR)
            thread.join(10)

    def _serve(self, server):
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection, connection.makefile("rwb") as both:
                self._talk(both)

    def _talk(self, both):
        def say(text):
            both.write(text + b"\r\n")
            both.flush()

        say(b"220 loopback")
        while line := both.readline().strip():
            match line[:4].upper():
                case b"DATA":
                    say(b"354 go on")
                    body = b"".join(iter(both.readline, b".\r\n"))
                    told = message_from_bytes(body)
                    whole = [
                        told["subject"],
                        *(one.get_payload(decode=True) for one in told.walk()),
                    ]
                    self.messages.append(" ".join(map(_as_text, whole)))
                    say(b"250 kept")
                case b"QUIT":
                    say(b"221 bye")
                    return
                case _:
                    say(b"250 fine")


def _as_text(part):
    decoded = str(make_header(decode_header(part))) if isinstance(part, str) else part
    return decoded.decode() if isinstance(decoded, bytes) else decoded or ""
