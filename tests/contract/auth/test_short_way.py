"""AuthTokens are mostly made before Flask: what a client sees must not tell, and nothing happens twice."""

import re
from typing import Any
from urllib.parse import urlencode

import pytest

from libs.signing.personal import sign_text
from services.auth.app import create_app
from services.auth.domain.errors import LedgerUnavailable
from tests.fakes.auth import MemoryLedger
from tests.fakes.auth_world import OTHER_WALLET, WALLET, World
from tests.fakes.two_ways import reached, sent, told, usual_way_only

pytestmark = pytest.mark.clause("ocean 2.14")

CREATE = "/api/services/createAuthToken"
_TOKEN = re.compile(rb'"token":"[^"]+"')


class Counting(MemoryLedger):
    """Its answers get lost when `is_lost`."""

    def __init__(self) -> None:
        super().__init__()
        self.uses: list[str] = []
        self.is_lost = False

    def consume(self, address: str, nonce: str) -> None:
        self.uses.append(nonce)
        super().consume(address, nonce)
        if self.is_lost:
            raise LedgerUnavailable("the answer got lost")


class Pair:
    def __init__(self) -> None:
        self.worlds = [World(ledger=Counting()), World(ledger=Counting())]
        apps = [create_app(world.deps()) for world in self.worlds]
        usual_way_only(apps[1])
        self.reached = reached(apps[0])
        self.clients = [app.test_client() for app in apps]

    def query(self, nonce: str = "1", signer: Any = WALLET, **changes: str) -> str:
        signature = sign_text(WALLET.address + nonce, signer)
        given = {"address": WALLET.address, "expiration": self.worlds[0].soon, "nonce": nonce}
        return urlencode({**given, "signature": signature, **changes})

    def ask(self, query: str, method: str = "GET", **more: Any) -> Any:
        """The answer, which is that of both but for the token itself."""
        before = len(self.reached)
        more = sent(more.pop("headers", {}), **more)
        mine, theirs = (
            client.open(CREATE, method=method, query_string=query, **more) for client in self.clients
        )
        self.was_short = len(self.reached) == before
        shapes = [(*told(answer)[:2], _TOKEN.sub(b"", answer.get_data())) for answer in (mine, theirs)]
        assert shapes[0] == shapes[1]
        assert self.uses[0] == self.uses[1]
        return mine

    @property
    def uses(self) -> list[list[str]]:
        """The nonces that were tried to be used up."""
        return [world.ledger.uses for world in self.worlds]  # type: ignore[attr-defined]


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_token_is_made_before_flask(pair: Pair) -> None:
    answer = pair.ask(pair.query())
    assert answer.status_code == 200
    assert list(answer.json) == ["token"]
    assert pair.was_short
    assert pair.uses[0] == ["1"]


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"signer": OTHER_WALLET}, 400),
        ({"nonce": "x"}, 400),
        ({"address": "0x1"}, 400),
        ({"expiration": "1"}, 400),
        ({"expiration": "soon"}, 400),
        ({"signature": ""}, 400),
        ({"signature": "0x12"}, 400),
        ({"chainId": "x"}, 400),
        ({"chainId": "8996?"}, 200),
        ({"extra": "é%"}, 200),
    ],
)
def test_whatever_is_unusual_is_answered_as_ever(pair: Pair, changes: dict[str, Any], status: int) -> None:
    assert pair.ask(pair.query(**changes)).status_code == status


@pytest.mark.parametrize("query", ["", "address", "a=%FF", "nonce=1&nonce=2", "&" * 300, "x=" + "y" * 20_000])
def test_hostile_queries(pair: Pair, query: str) -> None:
    assert pair.ask(query).status_code in (400, 413)
    assert not pair.was_short


def test_a_nonce_is_good_once_both_ways(pair: Pair) -> None:
    assert pair.ask(pair.query()).status_code == 200
    assert pair.ask(pair.query()).status_code == 400
    assert pair.ask(pair.query(), method="POST").status_code == 400
    assert pair.ask(pair.query("2"), method="POST").status_code == 200
    assert pair.ask(pair.query("2")).status_code == 400
    assert pair.ask(pair.query("3")).status_code == 200


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT"])
def test_other_methods_go_the_usual_way(pair: Pair, method: str) -> None:
    answer = pair.ask(pair.query(), method=method)
    assert answer.status_code == (200 if method == "POST" else 405)


def test_a_body_goes_the_usual_way(pair: Pair) -> None:
    assert pair.ask(pair.query(), json={"nonce": "7"}).status_code == 200
    assert not pair.was_short


def test_what_failed_after_the_nonce_was_used_up_is_told_as_it_was(pair: Pair) -> None:
    for world in pair.worlds:
        world.ledger.is_lost = True  # type: ignore[attr-defined]
    answer = pair.ask(pair.query())
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert pair.uses[0] == ["1"]
