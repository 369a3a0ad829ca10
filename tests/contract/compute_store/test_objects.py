"""The port ObjectBook, and stored objects above it: in memory, in SQLite, in PostgreSQL."""

import hashlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.store_sql.store import open_store
from services.compute.domain.errors import FilesUnavailable, OutputNotFound, QuotaExceeded, Refused
from services.compute.domain.layout import stored_object
from services.compute.domain.objects import Address, Holder, Scope
from services.compute.ports.files import ObjectFiles
from services.compute.ports.objects import ObjectBook
from services.compute.usecases.objects import UPLOAD_SECONDS, Asker, NotAllowed, Objects, clear_waste
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_side import MemoryObjectBook

AL = Asker(subject="person:al", subjects=("person:al",), groups=("phys",))
ALICE = Asker(subject="person:alice", subjects=("person:alice",), groups=("physics",))
PHYSICS = Scope(Holder.GROUP, "physics")


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def book(request: pytest.FixtureRequest, new_url: Callable[[str], str]) -> Iterator[ObjectBook]:
    if request.param == "memory":
        yield MemoryObjectBook()
        return
    store = open_store(new_url(request.param))
    yield store.objects
    store.close()


@pytest.fixture
def clock() -> PlannedClock:
    return PlannedClock()


@pytest.fixture
def files(tmp_path: Path) -> ObjectFiles:
    return open_files(f"file://{tmp_path}/kept")


@pytest.fixture
def objects(book: ObjectBook, files: ObjectFiles, clock: PlannedClock) -> Objects:
    return Objects(book, files, clock, file_bytes=100, scope_bytes=150)


def store(objects: Objects, name: str, content: bytes, asker: Asker = ALICE) -> None:
    objects.receive(objects.promise(Address(asker.own, name), None, asker), [content])


def read(objects: Objects, name: str, asker: Asker = ALICE) -> bytes:
    return b"".join(objects.open(objects.find(Address(asker.own, name), asker)))


def blobs(files: ObjectFiles) -> set[str]:
    return set(files.sizes("objects"))


def test_an_upload_is_found_listed_and_read(objects: Objects, clock: PlannedClock) -> None:
    store(objects, "dir/x.txt", b"content")
    store(objects, "dirx", b"")
    (first, second) = objects.list(ALICE.own, "", ALICE)
    assert (first.address.name, first.size, first.modified_at) == ("dir/x.txt", 7, clock.now())
    assert (first.sha256, second.address.name) == (hashlib.sha256(b"content").hexdigest(), "dirx")
    assert [stored.address.name for stored in objects.list(ALICE.own, "dir", ALICE)] == ["dir/x.txt"]
    assert read(objects, "dir/x.txt") == b"content"


def test_a_promise_is_good_for_one_upload_and_a_broken_one_may_be_tried_again(
    objects: Objects, files: ObjectFiles
) -> None:
    secret = objects.promise(Address(ALICE.own, "x"), None, ALICE)

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise FilesUnavailable

    with pytest.raises(FilesUnavailable):
        objects.receive(secret, broken())
    objects.receive(secret, [b"whole"])
    assert read(objects, "x") == b"whole"
    with pytest.raises(OutputNotFound):
        objects.receive(secret, [b"again"])
    assert read(objects, "x") == b"whole"
    assert len(blobs(files)) == 1


def test_of_uploads_with_one_promise_at_once_one_counts(objects: Objects, files: ObjectFiles) -> None:
    secret = objects.promise(Address(ALICE.own, "x"), None, ALICE)

    def send(number: int) -> bool:
        try:
            objects.receive(secret, [b"%d" % number])
        except OutputNotFound:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(send, range(6)))
    assert won.count(True) == 1
    assert read(objects, "x") == b"%d" % won.index(True)
    assert len(blobs(files)) == 1


def test_what_is_replaced_or_removed_leaves_no_bytes(objects: Objects, files: ObjectFiles) -> None:
    store(objects, "x", b"old")
    store(objects, "x", b"new")
    assert read(objects, "x") == b"new"
    assert len(blobs(files)) == 1
    objects.remove(Address(ALICE.own, "x"), ALICE)
    assert blobs(files) == set()
    with pytest.raises(OutputNotFound):
        objects.remove(Address(ALICE.own, "x"), ALICE)


def test_what_comes_is_what_was_announced(objects: Objects, files: ObjectFiles) -> None:
    secret = objects.promise(Address(ALICE.own, "x"), hashlib.sha256(b"right").hexdigest(), ALICE)
    with pytest.raises(Refused) as refused:
        objects.receive(secret, [b"wrong"])
    assert refused.value.reason.code == "input_mismatch"
    assert blobs(files) == set()
    objects.receive(secret, [b"right"])
    assert read(objects, "x") == b"right"


def test_a_promise_ends(objects: Objects, clock: PlannedClock) -> None:
    secret = objects.promise(Address(ALICE.own, "x"), None, ALICE)
    clock.move(UPLOAD_SECONDS)
    with pytest.raises(OutputNotFound):
        objects.receive(secret, [b"late"])


def test_objects_and_holders_have_bounds(objects: Objects) -> None:
    secret = objects.promise(Address(ALICE.own, "x"), None, ALICE)
    with pytest.raises(Refused) as refused:
        objects.receive(secret, [b"x" * 60, b"x" * 60])
    assert refused.value.reason.code == "output_too_large"
    store(objects, "a", b"x" * 100)
    store(objects, "b", b"x" * 50)
    with pytest.raises(QuotaExceeded):
        objects.promise(Address(ALICE.own, "c"), None, ALICE)
    with pytest.raises(QuotaExceeded):
        objects.receive(secret, [b""])


def test_scopes_are_by_exact_name(objects: Objects) -> None:
    store(objects, "x", b"alice")
    for scope in (ALICE.own, PHYSICS):
        with pytest.raises(NotAllowed):
            objects.list(scope, "", AL)
        with pytest.raises(NotAllowed):
            objects.promise(Address(scope, "y"), None, AL)
        with pytest.raises(NotAllowed):
            objects.find(Address(scope, "x"), AL)
        with pytest.raises(NotAllowed):
            objects.remove(Address(scope, "x"), AL)
    objects.receive(objects.promise(Address(PHYSICS, "alice:y.sif"), None, ALICE), [b"group"])
    assert [stored.address.name for stored in objects.list(PHYSICS, "", ALICE)] == ["alice:y.sif"]
    assert [stored.address.name for stored in objects.list(ALICE.own, "", ALICE)] == ["x"]


def test_bytes_that_a_crash_left_without_a_name_are_cleared(
    objects: Objects, book: ObjectBook, files: ObjectFiles, clock: PlannedClock
) -> None:
    """Killed after the bytes were written, and after a name was removed."""
    store(objects, "stays", b"stays")
    (stays,) = blobs(files)
    lost = "b" * 32
    book.reserve(lost, clock.now())
    files.put(stored_object(lost), [b"lost"])
    store(objects, "removed", b"removed")
    book.remove(Address(ALICE.own, "removed"))
    assert clear_waste(book, files, clock.now(), 10) == 1
    assert blobs(files) == {stays, lost}
    clock.move(UPLOAD_SECONDS)
    assert clear_waste(book, files, clock.now(), 10) == 1
    assert blobs(files) == {stays}
    assert clear_waste(book, files, clock.now(), 10) == 0


def test_what_was_touched_since_is_not_old(book: ObjectBook, objects: Objects, clock: PlannedClock) -> None:
    store(objects, "x", b"content")
    address = Address(ALICE.own, "x")
    stored = book.find(address)
    before = clock.now() + 10
    assert book.touch(stored, before) is True
    assert book.remove_old(address, before) is False
    assert book.find(address).modified_at == before
    assert book.remove_old(address, before + 1) is True
    assert book.remove_old(address, before + 1) is False
    assert book.touch(stored, before) is False
    assert list(book.waste(before, 10)) == [stored.blob]


def test_what_was_replaced_is_not_touched(book: ObjectBook, objects: Objects, clock: PlannedClock) -> None:
    store(objects, "x", b"old")
    old = book.find(Address(ALICE.own, "x"))
    store(objects, "x", b"new")
    assert book.touch(old, clock.now() + 5) is False
    assert book.find(old.address).modified_at == clock.now()
