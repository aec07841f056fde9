"""One exchange over a real socket: whole answers or a Failure."""

import gzip
import os
import socket
import ssl
import time
import tracemalloc
import zlib
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Event, Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from fakes import FakeClock
from genesys_export import __version__
from genesys_export.api import SystemClock, Transport, TransportOptions
from genesys_export.api.transport import Failure, TooLarge, _context, unpacked
from genesys_export.errors import WrongSettings

MIB = 2**20
SILENCE = object()
TLS_HELLO = b"\x16"
PACKED = gzip.compress(b'{"conversations":[]}' * 100)


def reply(*headers, body=b"", status="200 OK", length=None):
    told = (f"Content-Length: {len(body) if length is None else length}",) if length != "" else ()
    return "\r\n".join([f"HTTP/1.1 {status}", *told, *headers, "", ""]).encode() + body


@dataclass
class Trickle:
    """An answer that goes on for ever, a little at a time."""

    first: bytes
    then: bytes


@dataclass
class Server:
    """Takes connections one after another and sends on each, per request, what it was given."""

    connections: list
    context: ssl.SSLContext | None = None
    seen: list = field(default_factory=list)
    over: Event = field(default_factory=Event)

    def __post_init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.thread = Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        for replies in self.connections:
            try:
                with self.socket.accept()[0] as accepted:
                    accepted.settimeout(10)
                    self._talk(accepted, replies)
            except OSError:
                continue  # the client has gone, or the test has ended

    def _talk(self, accepted, replies):
        line = self.context.wrap_socket(accepted, server_side=True) if self.context else accepted
        with line:
            for one in replies:
                request = b""
                while b"\r\n\r\n" not in request and (got := line.recv(65_536)):
                    request += got
                    if request[:1] == TLS_HELLO:
                        break
                self.seen.append(request.decode("latin-1"))
                if one is SILENCE:
                    self.over.wait(10)
                elif isinstance(one, Trickle):
                    line.sendall(one.first)
                    while not self.over.wait(0.01):
                        line.sendall(one.then)
                else:
                    line.sendall(one)

    def close(self):
        self.over.set()
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes accept, which close alone would not
        self.socket.close()
        self.thread.join(10)


@pytest.fixture
def answers():
    """Return what serves the given replies, and a transport to ask with."""
    with ExitStack() as stack:

        def serve(*connections, options=None, clock=None, context=None):
            server = Server(list(connections), context)
            stack.callback(server.close)
            transport = Transport(options or TransportOptions(), clock or FakeClock())
            stack.enter_context(transport)
            return server, transport

        yield serve


def get(transport, server, **headers):
    return transport.exchange("GET", f"http://{server.address}/x", headers, None)


def test_a_whole_answer_is_given_back_with_its_headers(answers):
    server, transport = answers([reply("X-One: two", body=b"{}", status="404 Not Found")])
    answer = get(transport, server, Authorization="Bearer t0ken")
    assert (answer.status, answer.body, answer.received_bytes) == (404, b"{}", 2)
    assert answer.headers["x-one"] == "two"
    assert f"User-Agent: genesys-export/{__version__}\r\n" in server.seen[0]
    assert "Accept-Encoding: gzip\r\n" in server.seen[0]
    assert "t0ken" in server.seen[0]


def test_a_connection_is_kept_for_the_next_request(answers):
    server, transport = answers([reply(body=b"1"), reply(body=b"2")])
    assert [get(transport, server).body for _ in range(2)] == [b"1", b"2"]


@given(
    st.lists(st.binary(max_size=3_000), min_size=1, max_size=3),
    st.sampled_from([b"", b"\0\0", b"more", b"\x1f\x8b\x08"]),
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=2),
)
def test_members_tails_and_damage_are_read_as_the_standard_library_reads_them(
    members, tail, damage
):
    packed = bytearray(b"".join(map(gzip.compress, members)) + tail)
    for place, value in damage:
        packed[place % len(packed)] = value
    try:
        wanted = gzip.decompress(packed)
    except (OSError, EOFError, zlib.error):
        wanted = None
    try:
        found = unpacked(bytes(packed), MIB)
    except Failure:
        found = None
    assert found == wanted


def test_an_answer_that_says_it_holds_gigabytes_does_not_get_them():
    packed = gzip.compress(b"{}" * 100)
    with pytest.raises(Failure, match="damaged"):
        unpacked(packed[:-4] + b"\xff\xff\xff\xff", MIB)


def test_gzip_is_unpacked(answers):
    server, transport = answers([reply("Content-Encoding: gzip", body=PACKED)])
    answer = get(transport, server)
    assert answer.body == gzip.decompress(PACKED)
    assert answer.received_bytes == len(PACKED)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (reply(body=b'{"a":', length=10), "the connection broke"),
        (reply("Content-Encoding: gzip", body=PACKED[:-12]), "the compressed body is damaged"),
        (
            reply("Content-Encoding: gzip", body=PACKED[:-6] + b"\0\0" + PACKED[-4:]),
            "the compressed body is damaged",
        ),
        (
            reply("Content-Encoding: gzip", body=PACKED[:30] + b"\xff\xff" + PACKED[32:]),
            "the compressed body is damaged",
        ),
        (reply("Content-Encoding: gzip", body=b"{}"), "the compressed body is damaged"),
        (reply("Content-Encoding: br", body=b"{}"), "unexpected compression"),
        (
            reply("Transfer-Encoding: chunked", body=b'5\r\n{"a":\r\n', length=""),
            "the connection broke",
        ),
        (reply("Transfer-Encoding: chunked", body=b"zz\r\n", length=""), "the connection broke"),
        (b"", "the connection broke"),
        (b"SSH-2.0-nothing\r\n", "the connection broke"),
    ],
)
def test_half_an_answer_is_a_failure(answers, sent, problem):
    server, transport = answers([sent])
    with pytest.raises(Failure, match=problem):
        get(transport, server)


def test_a_broken_connection_is_not_used_again(answers):
    server, transport = answers([reply(body=b"1", length=2)], [reply(body=b"2")])
    with pytest.raises(Failure):
        get(transport, server)
    assert get(transport, server).body == b"2"


@pytest.mark.parametrize(("within_s", "read_s"), [(None, 0.1), (30, 0.1), (0.1, 30)])
def test_a_silent_server_is_a_failure(answers, within_s, read_s):
    options = TransportOptions(read_timeout_s=read_s)
    server, transport = answers([SILENCE], options=options)
    with pytest.raises(Failure, match="no answer in time"):
        transport.exchange("GET", f"http://{server.address}/x", {}, None, within_s=within_s)


class Hasty(FakeClock):
    """A clock that jumps whenever somebody looks."""

    def monotonic(self):
        self.sleep(100)
        return super().monotonic()


TRICKLES = {
    "status line": Trickle(b"HTTP/1.1 ", b"2"),
    "one header": Trickle(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x"),
    "headers": Trickle(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),
    "interim answers": Trickle(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body": Trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b"x"),
    "chunks": Trickle(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "a body without a length": Trickle(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", b"x"),
}


@pytest.mark.parametrize("kind", TRICKLES)
def test_an_answer_that_trickles_ends_at_the_deadline(answers, kind):
    options = TransportOptions(answer_timeout_s=0.2)
    server, transport = answers([TRICKLES[kind]], options=options, clock=SystemClock())
    began = time.monotonic()
    with pytest.raises(Failure, match=r"did not end in time|connection broke"):
        get(transport, server)
    assert time.monotonic() - began < 5
    if kind != "headers":  # http.client takes a hundred of them
        server, transport = answers([TRICKLES[kind]], options=options, clock=Hasty())
        with pytest.raises(Failure, match="did not end in time"):
            get(transport, server)


def test_a_trickle_over_tls_and_from_a_proxy_ends_at_the_deadline(answers, tls):
    context, shown = tls
    options = TransportOptions(ca_bundle=str(shown), answer_timeout_s=0.2)
    server, transport = answers(
        [TRICKLES["headers"]], options=options, context=context, clock=SystemClock()
    )
    port = server.address.partition(":")[2]
    with pytest.raises(Failure, match=r"in time|broke"):
        transport.exchange("GET", f"https://localhost:{port}/", {}, None)
    proxy, _ = answers([TRICKLES["one header"]])
    options = TransportOptions(proxy=f"http://{proxy.address}", answer_timeout_s=0.2)
    _, transport = answers(options=options, clock=SystemClock())
    with pytest.raises(Failure, match=r"in time|proxy failed"):
        transport.exchange("GET", "https://api.example.invalid/x", {}, None)


def test_less_patience_ends_a_trickle_earlier(answers):
    server, transport = answers([TRICKLES["body"]], clock=SystemClock())
    with pytest.raises(Failure, match="did not end in time"):
        transport.exchange("GET", f"http://{server.address}/x", {}, None, within_s=0.2)


def test_a_connection_that_was_nearly_late_is_as_patient_as_any(answers):
    options = TransportOptions(answer_timeout_s=0.5, read_timeout_s=30)
    server, transport = answers(
        [reply(body=b"1"), reply(body=b"2")], options=options, clock=SystemClock()
    )
    assert [get(transport, server).body for _ in range(2)] == [b"1", b"2"]


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "packed"])
@pytest.mark.parametrize("length", [True, False], ids=["told", "chunked"])
def test_an_answer_larger_than_allowed_is_not_taken(answers, packed, length):
    body = gzip.compress(bytes(3 * MIB)) if packed else bytes(3 * MIB)
    headers = ["Content-Encoding: gzip"] if packed else []
    if not length:
        headers.append("Transfer-Encoding: chunked")
        body = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    sent = reply(*headers, body=body, length=None if length else "")
    options = TransportOptions(answer_bytes=2 * MIB)
    server, transport = answers([sent], [sent], options=options)
    with pytest.raises(TooLarge, match="larger than 2 MiB"):
        get(transport, server)
    server, transport = answers([sent], options=TransportOptions(answer_bytes=3 * MIB))
    assert get(transport, server).body == bytes(3 * MIB)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("tail", [b"", b"\0\0"])
def test_what_unpacks_to_more_than_allowed_is_given_up_in_little_memory(members, tail):
    bomb = gzip.compress(bytes(100 * MIB)) * members + tail
    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            unpacked(bomb, 4 * MIB)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 4 * 4 * MIB


def test_a_redirect_is_not_followed(answers):
    server, transport = answers(
        [reply("Location: http://127.0.0.1:9/elsewhere", status="302 Found"), reply(body=b"x")]
    )
    assert get(transport, server, Authorization="Bearer t0ken").status == 302
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://127.0.0.1:{port}/", "could not connect"),
        ("https://127.0.0.1:{port}/", "could not connect"),
    ],
)
def test_nobody_at_home_is_a_failure(url, problem):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with (
        Transport(TransportOptions(), FakeClock()) as transport,
        pytest.raises(Failure, match=f"^{problem}$"),
    ):
        transport.exchange("GET", url.format(port=port), {}, None)


def test_the_proxy_carries_what_is_not_for_this_machine(answers):
    proxy, _ = answers([reply(status="403 Forbidden")])
    options = TransportOptions(proxy=f"http://me:hunter2@{proxy.address}")
    server, transport = answers([reply(body=b"near")], options=options)
    with pytest.raises(Failure, match="the proxy failed") as failed:
        transport.exchange(
            "GET", "https://api.example.invalid/x", {"Authorization": "t0ken"}, None
        )
    assert proxy.seen[0].startswith("CONNECT api.example.invalid:443")
    assert "proxy-authorization: basic bwu6ahvudgvymg==" in proxy.seen[0].lower()
    assert "t0ken" not in proxy.seen[0]
    assert "hunter2" not in f"{failed.value} {options!r}"
    assert get(transport, server).body == b"near"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "not an address", "http://h:port"])
def test_a_proxy_that_is_none_is_refused_without_repeating_it(proxy):
    with pytest.raises(WrongSettings, match="proxy's address") as refused:
        Transport(TransportOptions(proxy=proxy))
    assert proxy not in refused.value.message


@pytest.fixture
def tls(tmp_path):
    """Return a server's TLS context and the file of the certificate it shows."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(1))
        .not_valid_after(today + timedelta(1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = tmp_path / "shown.pem", tmp_path / "secret.pem"
    shown.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(shown, secret)
    return context, shown


def test_a_certificate_nobody_vouches_for_is_a_wrong_setting(answers, tls):
    context, _ = tls
    server, transport = answers([reply()], context=context)
    port = server.address.partition(":")[2]
    with pytest.raises(WrongSettings, match="not trusted") as refused:
        transport.exchange("GET", f"https://localhost:{port}/", {}, None)
    assert "ca_bundle" in refused.value.advice
    assert server.seen == []


def test_a_ca_bundle_vouches_for_its_hosts_and_for_no_other(answers, tls):
    context, shown = tls
    options = TransportOptions(ca_bundle=str(shown))
    server, transport = answers([reply(body=b"ok")], [reply()], options=options, context=context)
    port = server.address.partition(":")[2]
    assert transport.exchange("GET", f"https://localhost:{port}/", {}, None).body == b"ok"
    with pytest.raises(WrongSettings, match="not trusted"):
        transport.exchange("GET", f"https://127.0.0.1:{port}/", {}, None)


def test_a_server_that_speaks_no_tls_is_a_wrong_setting(answers):
    server, transport = answers([reply(body=b"plain")])
    with pytest.raises(WrongSettings, match="answers without TLS") as refused:
        transport.exchange("GET", f"https://{server.address}/", {}, None)
    assert "GENESYS_CLOUD_BASE_URL" in refused.value.advice


def test_a_proxy_that_speaks_no_tls_is_a_wrong_setting(answers):
    server, _ = answers([reply(body=b"plain")])
    transport = Transport(TransportOptions(proxy=f"https://user:hunter2@{server.address}"))
    with pytest.raises(WrongSettings, match="proxy answers without TLS") as refused:
        transport.exchange("GET", "https://api.example/", {}, None)
    assert "HTTPS_PROXY" in refused.value.advice
    assert "hunter2" not in f"{refused.value.message}{refused.value.advice}"


def test_a_ca_bundle_is_read_once_for_all_organisations_until_it_is_replaced(tls, tmp_path):
    _, shown = tls
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(shown.read_bytes())
    options = TransportOptions(ca_bundle=str(bundle))
    Transport(options)
    bundle.write_text("nothing")
    os.utime(bundle, ns=(0, 0))
    with pytest.raises(WrongSettings, match="no certificates"):
        Transport(options)
    bundle.write_bytes(shown.read_bytes())
    read = _context.cache_info().misses
    for _ in range(3):
        Transport(options)
    assert _context.cache_info().misses == read + 1


def test_a_ca_bundle_that_is_none_is_refused(tmp_path):
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing")
    for path, problem in ((tmp_path / "absent.pem", "is not a file"), (empty, "no certificates")):
        with pytest.raises(WrongSettings, match=problem):
            Transport(TransportOptions(ca_bundle=str(path)))
