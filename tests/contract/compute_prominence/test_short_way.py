"""Keys and values are mostly read and set before Flask: what a client sees must not tell."""

from pathlib import Path
from typing import Any

import pytest

from services.compute.domain.errors import QuotaExceeded
from services.compute.ports.keyvalue import MAX_KEYS, MAX_VALUE
from tests.fakes.compute_prominence import Prominence
from tests.fakes.compute_side import MemoryKeyValue
from tests.fakes.two_ways import reached, sent, told, usual_way_only

pytestmark = pytest.mark.clause("prominence 1.5")

BASES = ("/prominence/v1", "/api/v1")


class Pair:
    """Two rooms that are told the same, one of which knows the usual way alone."""

    def __init__(self, folder: Path, **parts: Any) -> None:
        self.short = Prominence(folder / "short", **parts)
        self.usual = Prominence(folder / "usual", **parts)
        usual_way_only(self.usual.app)
        self.reached = reached(self.short.app)

    def ask(self, method: str, path: str, **more: Any) -> Any:
        """The answer, which is that of both."""
        more = sent(more.pop("headers", {}), **more)
        before = len(self.reached)
        mine = self.short.call(method, path, **more)
        self.was_short = len(self.reached) == before
        assert told(mine) == told(self.usual.call(method, path, **more))
        return mine


class Full(MemoryKeyValue):
    def set(self, owner: str, key: str, value: bytes, now: float) -> None:
        raise QuotaExceeded("keys", MAX_KEYS, "You")


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("key", ["a", "bench/17", "a/b/c.d-e_f~g"])
def test_a_key_is_set_and_read(pair: Pair, base: str, key: str) -> None:
    for value in (b"one", b"two", bytes(range(256)), b"x" * MAX_VALUE):
        answer = pair.ask("POST", f"/kv/{key}", base=base, data=value, content_type="text/plain")
        assert (answer.status_code, answer.get_json()) == (201, {})
        assert pair.was_short
        answer = pair.ask("GET", f"/kv/{key}", base=base)
        assert answer.get_data() == value
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert pair.was_short


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/kv/none", {}, 404),
        ("GET", "/kv/a?list=true", {}, 200),
        ("GET", "/kv/", {}, 400),
        ("GET", "/kv/a/", {}, 404),
        ("GET", "/kv/%C3%A9", {}, 404),
        ("GET", "/kv/" + "k" * 1025, {}, 400),
        ("HEAD", "/kv/a", {}, 200),
        ("POST", "/kv/a", {"data": b""}, 400),
        ("POST", "/kv/a", {"data": b"x" * (MAX_VALUE + 1)}, 400),
        ("POST", "/kv/" + "k" * 1025, {"data": b"x"}, 400),
        ("POST", "/kv/a%01", {"data": b"x"}, 400),
        ("POST", "/kv/a?prev=other", {"data": b"new"}, 400),
        ("POST", "/kv/a?prev=value", {"data": b"new"}, 201),
        ("POST", "/kv/a", {"data": b"x", "headers": {"Content-Encoding": "gzip"}}, 201),
        ("PUT", "/kv/a", {"data": b"x"}, 405),
        ("DELETE", "/kv/a", {}, 200),
        ("GET", "/kv/a", {"token": None}, 401),
        ("GET", "/kv/a", {"token": "mallory"}, 401),
        ("GET", "/kv/a", {"token": "writer"}, 403),
        ("POST", "/kv/a", {"token": "reader", "data": b"x"}, 403),
        ("GET", "/kv/a", {"token": "bob"}, 404),
        ("GET", "/kv/a", {"headers": {"Authorization": "token ada"}}, 200),
        ("GET", "/kv/a", {"headers": {"Authorization": "Basic ada"}}, 401),
    ],
)
def test_whatever_is_unusual_is_answered_as_ever(
    pair: Pair, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    pair.ask("POST", "/kv/a", data=b"value")
    assert pair.ask(method, path, **more).status_code == status
    pair.ask("GET", "/kv/a")  # and then it is the same in both


def test_a_revoked_token_sets_nothing(pair: Pair) -> None:
    pair.ask("POST", "/kv/a", data=b"value")
    for room in (pair.short, pair.usual):
        del room.principals.known["ada"]
    assert pair.ask("POST", "/kv/a", data=b"other").status_code == 401
    assert pair.ask("GET", "/kv/a", token="reader").get_data() == b"value"


def test_a_full_store_is_told_both_ways(tmp_path: Path) -> None:
    pair = Pair(tmp_path, keys=Full())
    assert pair.ask("POST", "/kv/more", data=b"x").status_code == 429
    assert not pair.was_short
