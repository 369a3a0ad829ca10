"""Inputs out of the file catalogue: as whom they are read, from where, held to what is registered."""

import hashlib
import zlib
from dataclasses import replace

import pytest

from services.compute.domain.job import Job
from services.compute.domain.layout import stored_object
from services.compute.domain.lfns import (
    LogicalFile,
    LogicalReplica,
    actor_of,
    address_of,
    guid_of,
    pfn_of,
)
from services.compute.domain.objects import StoredObject
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Input, Output, Source
from services.compute.domain.states import State
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, Driver, Site

LFN = "/lhcb/run1/a.dat"
BYTES = b"events" * 1000
SHEET = Sheet(owner_name="alice", owner_group="lhcb_user", realm="lhcb")
GUID = guid_of("a" * 32, "a.dat", LFN, hashlib.sha256(BYTES).hexdigest())
WEB = "https://storage.example/a.dat"


def listed(
    *pfns: tuple[str, bool], checksum: str = "", kind: str = "SHA256", size: int = len(BYTES)
) -> LogicalFile:
    replicas = tuple(LogicalReplica("SE", pfn, is_own) for pfn, is_own in pfns)
    return LogicalFile(lfn=LFN, size=size, checksum=checksum, checksum_type=kind, replicas=replicas)


def run(site: Site, sheet: Sheet | None = SHEET, lfn: str = LFN) -> tuple[Job, dict[str, bytes]]:
    found: dict[str, bytes] = {}

    def act(spec: object) -> None:
        for mount in spec.mounts:  # type: ignore[attr-defined]
            found.update({path.name: path.read_bytes() for path in mount.host.rglob("*") if path.is_file()})

    site.engine.scripts = Script(act=act)
    given = Input(source=Source.LFN, path="/work/a.dat", value=lfn)
    job = site.submit(SPEC, inputs=(given,), outputs=(Output(folder="/work"),))
    if sheet is not None:
        site.filed.by_id[job.id] = sheet
    Driver(site, site.tools()).run()
    return site.job(job.uid), found


def kept(site: Site, content: bytes = BYTES) -> str:
    """The PFN of bytes of ours."""
    address = address_of(GUID)
    site.files.put(stored_object("b" * 32), [content])
    sha256 = hashlib.sha256(content).hexdigest()
    site.objects.put(
        StoredObject(address=address, blob="b" * 32, size=len(content), sha256=sha256, modified_at=0),
        "person:1",
    )
    return pfn_of(address)


def test_our_own_replica_comes_before_those_on_the_web(site: Site) -> None:
    site.catalogue.readers.add(actor_of(SHEET))
    site.catalogue.files[LFN] = listed((WEB, False), (kept(site), True))
    job, found = run(site)
    assert (job.state, found["a.dat"], site.web.opened) == (State.SUCCEEDED, BYTES, [])


@pytest.mark.parametrize(
    ("kind", "checksum"),
    [
        ("Adler32", f"{zlib.adler32(BYTES):08x}"),
        ("MD5", hashlib.md5(BYTES, usedforsecurity=False).hexdigest()),
        ("SHA256", hashlib.sha256(BYTES).hexdigest()),
        ("SHA512", hashlib.sha512(BYTES).hexdigest()),
        ("Adler32", ""),
    ],
)
def test_a_replica_on_the_web_is_fetched_past_the_guard_and_held_to_its_checksum(
    site: Site, kind: str, checksum: str
) -> None:
    site.catalogue.readers.add(actor_of(SHEET))
    site.web.files[WEB] = BYTES
    site.catalogue.files[LFN] = listed(("srm://else/a", False), (WEB, False), checksum=checksum, kind=kind)
    job, found = run(site)
    assert (job.state, found["a.dat"]) == (State.SUCCEEDED, BYTES)


@pytest.mark.parametrize(
    "file",
    [
        listed((WEB, False), checksum="00000001", kind="Adler32"),
        listed((WEB, False), checksum="0" * 64),
        listed((WEB, False), size=1),
    ],
    ids=["adler", "sha", "size"],
)
def test_another_file_than_the_registered_one_is_not_taken(site: Site, file: LogicalFile) -> None:
    site.catalogue.readers.add(actor_of(SHEET))
    site.web.files[WEB] = BYTES
    site.catalogue.files[LFN] = file
    job, _ = run(site)
    assert job.reason is not None
    assert (job.state, job.reason.code) == (State.FAILED, "input_mismatch")
    assert WEB not in str(job.reason)


def test_what_its_submitter_may_not_read_does_not_exist(site: Site) -> None:
    site.catalogue.readers.add(actor_of(replace(SHEET, owner_name="bob")))
    site.catalogue.files[LFN] = listed((kept(site), True))
    for sheet in (SHEET, None):
        job, _ = run(site, sheet)
        assert job.reason is not None
        assert (job.state, job.reason.code) == (State.FAILED, "input_unavailable")


def test_a_catalogue_that_is_away_is_waited_for(site: Site) -> None:
    site.catalogue.readers.add(actor_of(SHEET))
    site.catalogue.files[LFN] = listed((kept(site), True))
    site.catalogue.away = 5
    job, found = run(site)
    assert (job.state, found["a.dat"]) == (State.SUCCEEDED, BYTES)


@pytest.mark.parametrize(
    "pfn", ["srm://x/y", "file:///etc/passwd", "tidegate:owner:person%3A1/x", "/etc/passwd"]
)
def test_no_other_place_is_read(site: Site, pfn: str) -> None:
    site.catalogue.readers.add(actor_of(SHEET))
    site.catalogue.files[LFN] = listed((pfn, False))
    job, found = run(site)
    assert (job.state, found) == (State.FAILED, {})


def test_bytes_of_the_catalogue_are_no_stored_object_of_anybody(site: Site) -> None:
    pfn = kept(site)
    given = Input(source=Source.OBJECT, path="/work/a.dat", value=pfn.removeprefix("tidegate:"))
    assert site.run(SPEC, inputs=(given,)).state is State.FAILED
