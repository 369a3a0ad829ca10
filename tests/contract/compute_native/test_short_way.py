"""A job's status is mostly answered before Flask: what a client sees must not tell."""

from pathlib import Path
from typing import Any, NoReturn

import pytest

from services.compute.domain.errors import StoreUnavailable
from services.compute.domain.states import State
from tests.fakes.compute_room import Room
from tests.fakes.two_ways import reached, sent, told, usual_way_only

UNKNOWN = "0" * 32


class Pair:
    """The same jobs behind both ways."""

    def __init__(self, folder: Path) -> None:
        self.short = Room(folder)
        self.usual = Room(folder, store=self.short.store, clock=self.short.clock)
        usual_way_only(self.usual.app)
        self.reached = reached(self.short.app)
        self.uid = ""

    def ask(self, path: str, *, method: str = "GET", token: str | None = "ada", **more: Any) -> Any:
        """The answer, which is that of both."""
        more = sent(more.pop("headers", {}), **more)
        before = len(self.reached)
        mine = self.short.call(method, path, token=token, **more)
        self.was_short = len(self.reached) == before
        assert told(mine) == told(self.usual.call(method, path, token=token, **more))
        return mine


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    pair = Pair(tmp_path)
    pair.uid = pair.short.submit(name="a job")
    pair.reached.clear()
    return pair


def test_a_status_is_the_same_by_uid_and_by_number_first_and_again(pair: Pair) -> None:
    number = pair.short.job(pair.uid).id
    for path in (f"/jobs/{pair.uid}", f"/jobs/{number}", f"/jobs/{pair.uid}"):
        answer = pair.ask(path)
        assert answer.status_code == 200
        assert answer.get_json()["uid"] == pair.uid
        assert pair.was_short


@pytest.mark.parametrize("form", ['"{}"', 'W/"{}"', '"x", "{}"', "{}"])
def test_what_is_known_is_304_and_comes_whole_once_it_changed(pair: Pair, form: str) -> None:
    tag = pair.ask(f"/jobs/{pair.uid}").headers["ETag"].strip('"')
    known = {"If-None-Match": form.format(tag)}
    answer = pair.ask(f"/jobs/{pair.uid}", headers=known)
    assert answer.status_code == 304
    assert answer.get_data() == b""
    assert "Content-Type" not in answer.headers
    assert pair.was_short
    pair.short.run(pair.uid)
    answer = pair.ask(f"/jobs/{pair.uid}", headers=known)
    assert answer.status_code == 200
    assert answer.get_json()["state"] == "succeeded"
    assert pair.was_short


@pytest.mark.parametrize("known", ["", "*", '"other"', '"' + "é" * 3 + '"', ",,,"])
def test_other_tags_are_not_known(pair: Pair, known: str) -> None:
    assert pair.ask(f"/jobs/{pair.uid}", headers={"If-None-Match": known}).status_code == 200
    assert pair.was_short


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/jobs/{uid}?x=1", 200),
        ("/jobs/{uid}?", 200),
        ("/jobs/{uid}?all=true", 200),
        ("/jobs/{uid}/", 404),
        (f"/jobs/{UNKNOWN}", 404),
        ("/jobs/0", 404),
        ("/jobs/-1", 404),
        ("/jobs/999999999999999999", 404),
        ("/jobs/9999999999999999999", 404),
        ("/jobs/%31", 200),
        ("/jobs/١", 404),
        ("/jobs/x%00y", 404),
        ("//jobs//{uid}", 200),
    ],
)
def test_odd_paths_and_queries(pair: Pair, path: str, status: int) -> None:
    assert pair.short.job(pair.uid).id == 1
    assert pair.ask(path.format(uid=pair.uid)).status_code == status


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_go_the_usual_way(pair: Pair, method: str) -> None:
    answer = pair.ask(f"/jobs/{pair.uid}", method=method)
    if method == "HEAD":
        assert answer.headers["Content-Length"] == str(len(pair.ask(f"/jobs/{pair.uid}").get_data()))


@pytest.mark.parametrize(
    ("token", "status"),
    [(None, 401), ("mallory", 401), ("nobody", 403), ("writer", 403), ("bob", 404), ("root", 404),
     ("reader", 200)],
)  # fmt: skip
def test_who_may_see_it_is_the_same(pair: Pair, token: str | None, status: int) -> None:
    pair.ask(f"/jobs/{pair.uid}")  # its bytes are remembered by now
    assert pair.ask(f"/jobs/{pair.uid}", token=token).status_code == status


def test_a_revoked_token_sees_nothing_from_then_on(pair: Pair) -> None:
    assert pair.ask(f"/jobs/{pair.uid}").status_code == 200
    for room in (pair.short, pair.usual):
        del room.principals.known["ada"]
    assert pair.ask(f"/jobs/{pair.uid}").status_code == 401


def test_a_job_that_is_gone_is_not_there_however_well_it_was_known(pair: Pair) -> None:
    pair.short.run(pair.uid)
    tag = pair.ask(f"/jobs/{pair.uid}").headers["ETag"]
    pair.short.store.purge(pair.uid)
    answer = pair.ask(f"/jobs/{pair.uid}", headers={"If-None-Match": tag})
    assert answer.status_code == 404


def test_a_store_that_is_away_is_503(pair: Pair) -> None:
    def away(*_: object) -> NoReturn:
        raise StoreUnavailable

    pair.short.store.revision = away
    answer = pair.ask(f"/jobs/{pair.uid}")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"


def test_every_change_is_seen(pair: Pair) -> None:
    seen = [pair.ask(f"/jobs/{pair.uid}").get_json()["state"]]
    lease = pair.short.start(pair.uid)
    seen.append(pair.ask(f"/jobs/{pair.uid}").get_json()["state"])
    pair.short.change(lease, State.PUBLISHING)
    seen.append(pair.ask(f"/jobs/{pair.uid}").get_json()["state"])
    assert seen == ["queued", "running", "publishing"]
    assert pair.was_short


@pytest.mark.parametrize(("token", "status"), [("ada", 200), (None, 401), ("nobody", 200), ("mallory", 401)])
def test_whoami_is_the_same(pair: Pair, token: str | None, status: int) -> None:
    answer = pair.ask("/whoami", token=token)
    assert answer.status_code == status
