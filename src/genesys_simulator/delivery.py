"""How an answer gets to the client, whole or not.

Knows compression and the faults of the wire: slow, cut, garbled, reset. By the time an answer is
delivered its request has been carried out; a lost answer does not undo it.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import zlib
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import format_datetime

from isal import isal_zlib
from starlette.requests import Request
from starlette.types import Send

from . import faults
from .faults import Kind
from .options import Options
from .replies import Reply

_GZIP = 16 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Way:
    """What can happen to an answer."""

    options: Options
    fault: Kind | None
    context: str  # the correlation id


async def deliver(reply: Reply, way: Way, request: Request, send: Send) -> None:
    """Send an answer, or what the fault leaves of it."""
    fault = way.fault
    if isinstance(fault, faults.Slow):
        await way.options.sleep(fault.delay_s)
    if isinstance(fault, faults.Reset):
        await _reset(request)
        return
    reply = _damaged(_encoded(reply, way, request), fault)
    headers = {
        "content-type": reply.content_type,
        "content-length": str(len(reply.body)),
        "inin-correlation-id": way.context,
        "date": format_datetime(way.options.now().astimezone(UTC), usegmt=True),
        "cache-control": "no-cache, no-store, must-revalidate",
        **{name.lower(): value for name, value in reply.headers.items()},
    }
    if reply.status == 204:
        del headers["content-type"], headers["content-length"]
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": reply.status, "headers": raw})
    if isinstance(fault, faults.CutBody):
        # The server closes the connection of an application that ends in the middle.
        sent = reply.body[: int(len(reply.body) * fault.sent)]
        await send({"type": "http.response.body", "body": sent, "more_body": True})
        return
    await send({"type": "http.response.body", "body": reply.body})


def _encoded(reply: Reply, way: Way, request: Request) -> Reply:
    broken = isinstance(way.fault, faults.GarbledBody) and way.fault.gzip
    accepted = "gzip" in request.headers.get("accept-encoding", "")
    if not broken and not (way.options.gzip and accepted and reply.body):
        return reply
    packer = isal_zlib.compressobj(0, zlib.DEFLATED, _GZIP)
    body = packer.compress(reply.body) + packer.flush()
    return replace(reply, body=body, headers={**reply.headers, "content-encoding": "gzip"})


def _damaged(reply: Reply, fault: Kind | None) -> Reply:
    if not isinstance(fault, faults.GarbledBody):
        return reply
    middle = len(reply.body) // 2
    if fault.gzip:
        # Turned bits in the stream or, in a short one, in its checksum.
        at = max(10, middle)
        turned = bytes(byte ^ 0xFF for byte in reply.body[at : at + 8])
        return replace(reply, body=reply.body[:at] + turned + reply.body[at + 8 :])
    return replace(reply, body=reply.body[:middle] + b'\xff"]}')


async def _reset(request: Request) -> None:
    """Close the connection so that the client sees a reset, not an end."""
    transport = request.scope["state"]["transport"]
    linger = struct.pack("ii", 1, 0)
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    transport.abort()
    await asyncio.sleep(0)  # let the server see that the connection is lost
    await asyncio.sleep(0)
