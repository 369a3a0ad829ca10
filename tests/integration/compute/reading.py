"""Reading what a job writes, over connections that break: by long poll and by server-sent events."""

import base64
import contextlib
import http.client
import json
import random
import threading
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.compute_room import Room

FOLLOW = {"Accept": "text/event-stream"}


@contextlib.contextmanager
def asked(url: str, path: str, method: str = "GET", **sent: Any) -> Iterator[http.client.HTTPResponse]:
    """The answer's head is there; the connection breaks at the end, whatever was read by then."""
    parts = urlsplit(url)
    with contextlib.closing(http.client.HTTPConnection(str(parts.hostname), parts.port, timeout=20)) as peer:
        headers = {"Authorization": "Bearer ada", **sent.pop("headers", {})}
        peer.request(method, f"/tidegate/v1{path}", headers=headers, **sent)
        with contextlib.closing(peer.getresponse()) as answer:
            yield answer


def next_event(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The next whole one; empty at the end."""
    fields: dict[str, str] = {}
    while line := answer.readline().decode().rstrip("\n"):
        name, _, value = line.partition(": ")
        fields[name] = value
    return fields if "event" in fields or not fields else next_event(answer)


def joined_over_cuts(url: str, room: Room, how: str, cuts: int) -> tuple[bytes, bytes]:
    """What a job wrote while it was read, and what was read: `how` is `poll` or `events`."""
    uid = room.submit()
    lease = room.start(uid)
    dice = random.Random(3)
    data = dice.randbytes(400_000) + "zażółć\r\n𝄞".encode() * 20_000
    stop = threading.Event()

    def write() -> None:
        for at in range(0, len(data), 10_000):
            room.write_log(uid, data[at : at + 10_000])
            stop.wait(0.03)
        room.finish(lease)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        joined = (_polled if how == "poll" else _followed)(url, uid, dice, cuts)
    finally:
        stop.set()
        writer.join()
    return data, joined


def _polled(url: str, uid: str, dice: random.Random, cuts: int) -> bytes:
    """By byte offsets, each answer broken off somewhere; after so many cuts, whole ones until the end."""
    joined = b""
    for connection in range(10_000):
        with asked(url, f"/jobs/{uid}/logs?offset={len(joined)}&wait=2") as answer:
            is_whole = answer.getheader("X-Complete") == "true"
            joined += answer.read(dice.randrange(9000) if connection < cuts else None)
        if is_whole and connection >= cuts:
            break
    return joined


def _followed(url: str, uid: str, dice: random.Random, cuts: int) -> bytes:
    """By server-sent events, of which only whole ones count."""
    joined = b""
    for connection in range(10_000):
        headers = {**FOLLOW, "Last-Event-ID": str(len(joined))}
        with asked(url, f"/jobs/{uid}/logs", headers=headers) as answer:
            if answer.status == 429:
                continue  # the server has not noticed yet that the one before is gone
            got = answer.read(dice.randrange(60_000) if connection < cuts else None)
        for block in got.split(b"\n\n")[:-1]:
            fields = dict(line.split(": ", 1) for line in block.decode().split("\n") if line[:1] != ":")
            if fields.get("event") == "log":
                joined += _content(json.loads(fields["data"]))
                assert int(fields["id"]) == len(joined)
        if answer.status == 204 or (connection >= cuts and b"event: end\n" in got):
            break
    return joined


def _content(part: Mapping[str, str]) -> bytes:
    return base64.b64decode(part["base64"]) if "base64" in part else part["text"].encode()
