"""The exchange folder is the job's: what its functions make of it must not reach beyond it."""

import os
import threading
from pathlib import Path

import pytest

from services.compute.domain.spec import Folder, Spec
from services.compute.slicework.spec import PYTHON, Place, Work, sliced_spec
from services.compute.worker.exchange import Exchange, exchange_of
from services.compute.worker.inside import NotPlain
from services.compute.worker.workplace import Workplace


@pytest.fixture
def exchange(tmp_path: Path) -> Exchange:
    (tmp_path / "base").mkdir()
    exchange = Exchange(tmp_path / "base", ("0",))
    exchange.make()
    return exchange


@pytest.fixture
def lane(tmp_path: Path, exchange: Exchange) -> Path:
    return tmp_path / "base" / "0"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    folder = tmp_path / "secret"
    folder.mkdir()
    (folder / "1.jsonl").write_text('{"n":1,"v":"secret"}\n')
    return folder


def test_batches_come_whole_and_results_are_read_from_where_one_was(exchange: Exchange, lane: Path) -> None:
    assert not exchange.has(1)
    exchange.put(1, b"[1,2]\n")
    assert exchange.has(1)
    assert os.listdir(lane / "in") == ["1.jsonl"]
    assert (lane / "in" / "1.jsonl").read_bytes() == b"[1,2]\n"
    assert exchange.read(1, 0, 100) == b""
    (lane / "out" / "1.jsonl").write_bytes(b"abcdef")
    assert (exchange.read(1, 0, 3), exchange.read(1, 3, 100), exchange.read(1, 6, 100)) == (
        b"abc",
        b"def",
        b"",
    )
    exchange.drop(1)
    exchange.drop(1)
    assert (os.listdir(lane / "in"), os.listdir(lane / "out")) == ([], [])


def test_a_job_that_is_another_user_may_write_results_alone(exchange: Exchange, lane: Path) -> None:
    exchange.put(1, b"")
    modes = {path.name: path.stat().st_mode & 0o777 for path in (lane, lane / "in", lane / "out")}
    assert modes == {"0": 0o777, "in": 0o755, "out": 0o777}
    assert (lane / "in" / "1.jsonl").stat().st_mode & 0o777 == 0o644


def test_stop_and_clear(exchange: Exchange, lane: Path) -> None:
    exchange.put(1, b"x")
    exchange.stop()
    exchange.stop()
    assert (lane / "stop").read_bytes() == b""
    (lane / "out" / "deep" / "er").mkdir(parents=True)
    exchange.clear()
    assert sorted(path.name for path in lane.rglob("*")) == ["in", "out"]


def test_links_lead_nowhere(exchange: Exchange, lane: Path, secret: Path) -> None:
    (lane / "out" / "1.jsonl").symlink_to(secret / "1.jsonl")
    with pytest.raises(OSError, match=r".*"):
        exchange.read(1, 0, 100)
    (lane / "out" / "1.jsonl").unlink()
    (lane / "out").rmdir()
    (lane / "out").symlink_to(secret)
    for act in (lambda: exchange.read(1, 0, 100), lambda: exchange.drop(1)):
        with pytest.raises(OSError, match=r".*"):
            act()
    (lane / "in").rmdir()
    (lane / "in").symlink_to(secret)
    for act in (lambda: exchange.put(2, b"x"), lambda: exchange.has(1)):
        with pytest.raises(OSError, match=r".*"):
            act()
    exchange.clear()
    assert os.listdir(secret) == ["1.jsonl"]
    assert not (lane / "out").is_symlink()


def test_a_file_that_stands_in_the_way_is_replaced_not_written_into(
    exchange: Exchange, lane: Path, secret: Path
) -> None:
    (lane / "in" / ".2.jsonl.new").symlink_to(secret / "1.jsonl")
    (lane / "in" / "2.jsonl").symlink_to(secret / "1.jsonl")
    (lane / "stop").symlink_to(secret / "1.jsonl")
    exchange.put(2, b"mine")
    exchange.stop()
    assert (secret / "1.jsonl").read_text() == '{"n":1,"v":"secret"}\n'
    assert (lane / "in" / "2.jsonl").read_bytes() == b"mine"
    assert not (lane / "in" / "2.jsonl").is_symlink()


def test_what_is_no_plain_file_is_not_waited_for(exchange: Exchange, lane: Path) -> None:
    os.mkfifo(lane / "out" / "1.jsonl")
    raised: list[BaseException] = []

    def read() -> None:
        try:
            exchange.read(1, 0, 100)
        except OSError as error:
            raised.append(error)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    thread.join(30)
    assert [type(error) for error in raised] == [NotPlain]
    (lane / "out" / "2.jsonl").mkdir()
    with pytest.raises(OSError, match=r".*"):
        exchange.read(2, 0, 100)
    exchange.drop(2)


def test_where_it_is(tmp_path: Path) -> None:
    spec = sliced_spec(Work(language=PYTHON, source="f"), Place(environment="small", image="python", lanes=3))
    place = Workplace(tmp_path, "0" * 31 + "a", 1)
    (place.folder(1)).mkdir(parents=True)
    exchange_of(spec, 2, place).make()
    assert sorted(os.listdir(place.folder(1) / "2")) == ["in", "out"]
    lost = Spec(environment="small", roles=spec.roles, folders=(Folder(path="/dcp"),), slices=spec.slices)
    with pytest.raises(NotPlain):
        exchange_of(lost, 0, place)
