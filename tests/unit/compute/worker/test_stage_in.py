"""Inputs: where they go, what may go wrong with them, and that nobody reads where they came from."""

import base64
import hashlib
import stat
from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.job import Job
from services.compute.domain.layout import stored_object, stored_output, stored_sandbox
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.spec import Clocks, Folder, Input, Output, Resources, Role, Source
from services.compute.domain.states import State
from services.compute.ports.engines import RunSpec
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable
from services.compute.ports.provider import GrantRefused, InputUnavailable, ProviderUnavailable
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import OWNER, SPEC, TASK, Site

HANDLE = "canary-handle"
GRANT = Input(source=Source.GRANT, path="/data/in/0", value=HANDLE, label="dataset 1, file 0")
SEEN = replace(
    SPEC,
    folders=(Folder(path="/data/in"), Folder(path="/work", writable=True)),
    outputs=(Output(folder="/work"),),
)


def inline(path: str, value: str, **more: Any) -> Input:
    return Input(source=Source.INLINE, path=path, value=value, **more)


def look(found: dict[str, tuple[bytes, int]]) -> Script:
    """Notes what lies in the mounts when the run starts."""

    def act(spec: RunSpec) -> None:
        for mount in spec.mounts:
            for path in mount.host.rglob("*"):
                if path.is_file():
                    inside = f"{mount.path}/{path.relative_to(mount.host)}"
                    found[inside] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))

    return Script(act=act)


def failed(job: Job) -> tuple[str, str]:
    assert job.state is State.FAILED
    assert job.reason is not None
    return job.reason.code, job.reason.sentence


def test_where_inputs_lie_and_who_may_change_them(site: Site) -> None:
    found: dict[str, tuple[bytes, int]] = {}
    site.engine.scripts = look(found)
    site.grants.files[HANDLE] = b"granted" * 1000
    site.files.put(stored_sandbox(OWNER, "mine.csv"), [b"a,b"])
    inputs = (
        inline("/data/in/deep/er/a", "text é"),
        inline("/work/run.sh", base64.b64encode(b"\x00\xff").decode(), encoded=True, executable=True),
        GRANT,
        Input(source=Source.SANDBOX, path="/work/b", value="mine.csv"),
    )
    job = site.run(SEEN, inputs=inputs)
    assert job.state is State.SUCCEEDED
    assert found == {
        "/data/in/deep/er/a": ("text é".encode(), 0o644),
        "/work/run.sh": (b"\x00\xff", 0o777),
        "/data/in/0": (b"granted" * 1000, 0o644),
        "/work/b": (b"a,b", 0o666),
    }
    assert site.grants.opened == [(job.uid, HANDLE)]
    assert site.grants.ended == [job.uid]


def test_an_output_of_an_earlier_job_of_the_same_owner(site: Site) -> None:
    found: dict[str, tuple[bytes, int]] = {}
    earlier = site.run()
    site.files.put(stored_output(earlier.uid, "a/x"), [b"kept"])
    site.engine.scripts = look(found)
    given = Input(source=Source.OUTPUT, path="/data/in/x", value=f"{earlier.uid}/a/x")
    assert site.run(SEEN, inputs=(given,)).state is State.SUCCEEDED
    assert found["/data/in/x"][0] == b"kept"


def test_somebody_elses_output_is_not_there(site: Site) -> None:
    earlier = site.run()
    site.files.put(stored_output(earlier.uid, "x"), [b"kept"])
    row = site.store._rows[earlier.id]
    row.job = replace(row.job, owner="person:2")
    given = Input(source=Source.OUTPUT, path="/data/in/x", value=f"{earlier.uid}/x", label="it")
    assert failed(site.run(SEEN, inputs=(given,))) == ("input_unavailable", "it does not exist (any more).")


@pytest.mark.parametrize(
    ("given", "content", "code"),
    [
        (GRANT, GrantRefused(), "input_refused"),
        (GRANT, InputUnavailable("the origin did not give the file"), "input_unavailable"),
        (replace(GRANT, sha256="0" * 64), b"x", "input_mismatch"),
        (GRANT, b"x" * 2000, "input_too_large"),
        (replace(GRANT, source=Source.SANDBOX, value="none"), b"", "input_unavailable"),
    ],
)
def test_inputs_that_cannot_be_had(site: Site, given: Input, content: Any, code: str) -> None:
    site.grants.files[HANDLE] = content
    roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=1500)),)
    job = site.run(SEEN, inputs=(given,), roles=roles)
    found, sentence = failed(job)
    assert found == code
    assert "dataset 1" in sentence
    assert site.engine.submitted == []
    assert b"dataset 1" in site.log(job.uid, "staging")
    told = [event.reason.as_json() for event in site.store.events(job.uid) if event.reason is not None]
    assert HANDLE not in str(told)
    assert HANDLE.encode() not in site.log(job.uid, "staging") + site.log(job.uid, "publishing")


def test_a_pin_that_holds(site: Site) -> None:
    site.grants.files[HANDLE] = b"x"
    pinned = replace(GRANT, sha256=hashlib.sha256(b"x").hexdigest())
    assert site.run(SEEN, inputs=(pinned,)).state is State.SUCCEEDED


def test_an_origin_that_stumbles_is_asked_again(site: Site) -> None:
    site.grants.files[HANDLE] = [InputUnavailable("no"), ProviderUnavailable("no"), b"whole"]
    assert site.run(SEEN, inputs=(GRANT,)).state is State.SUCCEEDED


def test_a_file_that_breaks_off_begins_anew(site: Site) -> None:
    found: dict[str, tuple[bytes, int]] = {}
    site.engine.scripts = look(found)

    def broken() -> Any:
        yield b"half"
        raise InputUnavailable("the file ended early")

    answers = [broken(), iter([b"whole"])]
    site.grants.open = lambda job, handle: answers.pop(0)  # type: ignore[method-assign]
    assert site.run(SEEN, inputs=(GRANT,)).state is State.SUCCEEDED
    assert found["/data/in/0"][0] == b"whole"


def test_the_phase_has_a_clock(site: Site) -> None:
    site.grants.files[HANDLE] = ProviderUnavailable("no")
    assert failed(site.run(SEEN, inputs=(GRANT,), clocks=Clocks(stage_in=30)))[0] == "stage_in_timeout"


URL = "https://files.example/a.csv?signature=canary"
FETCHED = Input(source=Source.URL, path="/data/in/a.csv", value=URL, label="artifact 1")


class TestUrls:
    def test_it_is_fetched(self, site: Site) -> None:
        found: dict[str, tuple[bytes, int]] = {}
        site.engine.scripts = look(found)
        site.web.files[URL] = [OutsideUnavailable("the origin answered 503"), b"1,2"]
        assert site.run(SEEN, inputs=(FETCHED,)).state is State.SUCCEEDED
        assert found["/data/in/a.csv"][0] == b"1,2"
        assert site.web.opened == [URL, URL]

    @pytest.mark.parametrize(
        ("answer", "tries"),
        [(OutsideUnavailable("the origin answered 503"), 3), (OutsideRefused("the origin answered 404"), 1)],
    )
    def test_it_is_not_had(self, site: Site, answer: Exception, tries: int) -> None:
        site.web.files[URL] = answer
        job = site.run(SEEN, inputs=(FETCHED,))
        assert failed(job) == ("input_unavailable", "artifact 1 cannot be fetched.")
        assert len(site.web.opened) == tries
        told = [event.reason.as_json() for event in site.store.events(job.uid) if event.reason is not None]
        assert "canary" not in str(told) + site.log(job.uid, "staging").decode()

    def test_it_breaks_off(self, site: Site) -> None:
        def broken() -> Any:
            yield b"half"
            raise OutsideUnavailable("the origin sent less than it announced")

        answers = [broken(), iter([b"whole"])]
        site.web.open = lambda url: answers.pop(0)  # type: ignore[method-assign]
        assert site.run(SEEN, inputs=(FETCHED,)).state is State.SUCCEEDED

    def test_it_is_more_than_there_is_room_for(self, site: Site) -> None:
        site.web.files[URL] = bytes(2000)
        roles = (Role(tasks=(TASK,), resources=Resources(disk_bytes=1500)),)
        assert failed(site.run(SEEN, inputs=(FETCHED,), roles=roles))[0] == "input_too_large"


class TestStoredObjects:
    def keep(self, site: Site, scope: Scope, name: str, content: bytes, blob: str = "b" * 32) -> str:
        kept = site.files.put(stored_object(blob), [content])
        stored = StoredObject(
            address=Address(scope, name), blob=blob, size=kept.size, sha256=kept.sha256, modified_at=0
        )
        site.objects.put(stored, "person:1")
        return str(stored.address)

    @pytest.mark.parametrize("scope", [Scope(Holder.OWNER, OWNER), Scope(Holder.GROUP, "a/b %")])
    def test_it_is_brought(self, site: Site, scope: Scope) -> None:
        found: dict[str, tuple[bytes, int]] = {}
        site.engine.scripts = look(found)
        address = self.keep(site, scope, "sub/x.csv", b"kept")
        given = Input(source=Source.OBJECT, path="/data/in/x", value=address)
        assert site.run(SEEN, inputs=(given,)).state is State.SUCCEEDED
        assert found["/data/in/x"][0] == b"kept"

    def test_one_that_is_replaced_just_now(self, site: Site) -> None:
        scope = Scope(Holder.OWNER, OWNER)
        address = self.keep(site, scope, "x", b"old")
        find, moments = site.objects.find, iter([True])

        def finding(wanted: Address) -> StoredObject:
            found = find(wanted)
            if next(moments, False):
                self.keep(site, scope, "x", b"new", blob="c" * 32)
                site.files.remove(stored_object("b" * 32))
            return found

        site.objects.find = finding  # type: ignore[method-assign]
        given = Input(source=Source.OBJECT, path="/data/in/x", value=address)
        assert site.run(SEEN, inputs=(given,)).state is State.SUCCEEDED

    @pytest.mark.parametrize(
        "value", ["owner:person%3A1/none", "$who/x", "owner:person%3A1/../x", "owner:person:1/x", "x", "/"]
    )
    def test_it_is_not_there(self, site: Site, value: str) -> None:
        self.keep(site, Scope(Holder.OWNER, OWNER), "x", b"kept")
        given = Input(source=Source.OBJECT, path="/data/in/x", value=value, label="it")
        assert failed(site.run(SEEN, inputs=(given,))) == (
            "input_unavailable", "it does not exist (any more).",
        )  # fmt: skip
