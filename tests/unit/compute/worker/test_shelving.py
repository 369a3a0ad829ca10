"""Outputs in the file catalogue: once, whatever breaks on the way; and bytes that it names no more go."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import OutputNotFound, QuotaExceeded, StoreUnavailable
from services.compute.domain.job import Job, StoredFile
from services.compute.domain.layout import stored_object, stored_output
from services.compute.domain.lfns import KEPT, actor_of, address_in, guid_of
from services.compute.domain.notices import Means, Notice
from services.compute.domain.numbering import JOB_ID
from services.compute.domain.sheets import Sheet
from services.compute.domain.spec import Output
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.notices import DueNotice
from services.compute.usecases.registering import (
    AGE_SECONDS,
    FOLDERS,
    RegisterOutputs,
    Wanted,
    forget_unnamed,
)
from services.compute.worker.shelving import NOTHING, SEVERAL, Shelver, ShelvingRefused
from services.compute.worker.upkeep import Upkeep
from tests.fakes.compute_engine import Script
from tests.fakes.compute_site import SPEC, Site

SHEET = Sheet(owner_name="alice", owner_group="lhcb_user", realm="lhcb")
LFN = "/lhcb/user/a/alice/hist.root"


@pytest.fixture
def job(site: Site) -> Job:
    """It left out/hist.root, out/more/b.txt and notes.txt."""

    def act(spec: Any) -> None:
        home = spec.mounts[0].host
        for name in ("out/hist.root", "out/more/b.txt", "notes.txt"):
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).write_bytes(name.encode() * 100)

    site.engine.scripts = Script(act=act)
    ended = site.run(SPEC, outputs=(Output(folder="/work"),))
    site.filed.by_id[ended.id] = SHEET
    return ended


def register(site: Site, most_bytes: int = 10_000) -> RegisterOutputs:
    return RegisterOutputs(site.store, site.files, site.objects, site.catalogue, site.clock, most_bytes)


def due(job: Job, pattern: str = "out/hist.root", url: str = LFN, state: str = "succeeded") -> DueNotice:
    notice = Notice(means=Means.CATALOGUE, url=url, address=pattern)
    body = {"uid": job.uid, "state": state}
    return DueNotice(id=1, owner=job.owner, notice=notice, tries=1, body=body)


def shelver(site: Site) -> Shelver:
    return Shelver(site.store, site.filed, register(site))


def bytes_of(site: Site, lfn: str) -> bytes:
    stored = site.objects.find(address_in(site.catalogue.registered[lfn].pfn))
    return b"".join(site.files.open(stored_object(stored.blob)))


def test_what_it_made_is_a_file_that_outlives_the_job(site: Site, job: Job) -> None:
    shelver(site)(due(job))
    new = site.catalogue.registered[LFN]
    assert (new.size, new.guid) == (1300, guid_of(job.uid, "out/hist.root", LFN, new.sha256))
    site.files.remove(stored_output(job.uid, "out/hist.root"))
    assert bytes_of(site, LFN) == b"out/hist.root" * 100


def test_a_folder_takes_all_that_match(site: Site, job: Job) -> None:
    shelver(site)(due(job, "out/**", "/lhcb/user/"))
    assert sorted(site.catalogue.registered) == ["/lhcb/user/out/hist.root", "/lhcb/user/out/more/b.txt"]


def test_a_folder_of_the_job_goes_into_a_folder_with_all_below_it(site: Site, job: Job) -> None:
    shelver(site)(due(job, "out", "/lhcb/user/"))
    assert sorted(site.catalogue.registered) == ["/lhcb/user/out/hist.root", "/lhcb/user/out/more/b.txt"]
    with pytest.raises(ShelvingRefused, match=NOTHING):
        shelver(site)(due(job, "out/more", LFN))


def test_nothing_is_registered_of_a_job_that_did_not_do_well(site: Site, job: Job) -> None:
    shelver(site)(due(job, state="failed"))
    assert site.catalogue.registered == {}


def test_twice_is_once_also_after_a_crash_in_between(site: Site, job: Job) -> None:
    site.catalogue.away = 1
    with pytest.raises(CatalogueUnavailable):
        shelver(site)(due(job))
    shelver(site)(due(job))
    shelver(site)(due(job))
    (stored,) = [
        stored for number in range(FOLDERS) for stored in site.objects.list(KEPT, f"{number:02x}", 10)
    ]
    assert stored.size == 1300
    assert bytes_of(site, LFN) == b"out/hist.root" * 100


@pytest.mark.parametrize(
    ("pattern", "sheet", "words"),
    [
        ("nothing", SHEET, NOTHING),
        ("out/*", None, "no virtual organisation"),
        ("out/*", replace(SHEET, realm=""), "no virtual organisation"),
    ],
)
def test_what_cannot_be_registered_is_given_up_in_words(
    site: Site, job: Job, pattern: str, sheet: Sheet | None, words: str
) -> None:
    site.filed.by_id = {} if sheet is None else {job.id: sheet}
    with pytest.raises(ShelvingRefused, match=words):
        shelver(site)(due(job, pattern))
    assert site.catalogue.registered == {}


def test_the_catalogues_refusal_is_told(site: Site, job: Job) -> None:
    site.catalogue.refused[LFN] = "another file has this name"
    with pytest.raises(ShelvingRefused, match="another file has this name"):
        shelver(site)(due(job))


def test_by_hand_with_metadata_and_ancestors(site: Site, job: Job) -> None:
    wanted = Wanted(path="notes.txt", lfn=LFN, metadata={"run": 5}, ancestors=("/lhcb/raw",))
    assert register(site)(job, [wanted], actor_of(SHEET)) == {LFN: None}
    new = site.catalogue.registered[LFN]
    assert (new.metadata, new.ancestors) == ({"run": 5}, ("/lhcb/raw",))


def test_an_output_that_is_not_there_stops_all_before_anything_happens(site: Site, job: Job) -> None:
    wanted = [Wanted(path="notes.txt", lfn=LFN), Wanted(path="none", lfn="/lhcb/none")]
    with pytest.raises(OutputNotFound):
        register(site)(job, wanted, actor_of(SHEET))
    assert site.catalogue.registered == {}


def test_there_is_an_end_to_what_is_kept(site: Site, job: Job) -> None:
    wanted = [Wanted(path="notes.txt", lfn=LFN)]
    with pytest.raises(QuotaExceeded):
        register(site, most_bytes=899)(job, wanted, actor_of(SHEET))
    assert register(site, most_bytes=900)(job, wanted, actor_of(SHEET)) == {LFN: None}


def test_bytes_that_no_file_names_go_when_they_are_old_enough(site: Site, job: Job) -> None:
    shelver(site)(due(job, "out/**", "/lhcb/user/"))
    gone = site.catalogue.registered.pop("/lhcb/user/out/hist.root")
    folder = int(gone.guid[:2], 16)
    now = site.clock.now()

    def forgotten(moment: float) -> int:
        return sum(forget_unnamed(site.objects, site.catalogue, number, moment) for number in range(FOLDERS))

    assert forgotten(now) == 0
    assert forget_unnamed(site.objects, site.catalogue, folder, now + AGE_SECONDS + 1) == 1
    assert forgotten(now + AGE_SECONDS + 1) == 0
    assert bytes_of(site, "/lhcb/user/out/more/b.txt") == b"out/more/b.txt" * 100
    with pytest.raises(OutputNotFound):
        site.objects.find(address_in(gone.pfn))


def test_while_the_catalogue_is_away_nothing_is_forgotten(site: Site, job: Job) -> None:
    shelver(site)(due(job))
    site.catalogue.registered.clear()
    site.catalogue.away = 10_000
    upkeep = Upkeep(site.tools())
    site.clock.move(AGE_SECONDS + 1)
    assert sum(upkeep.unnamed() for _ in range(FOLDERS)) == 0
    site.catalogue.away = 0
    assert sum(upkeep.unnamed() for _ in range(FOLDERS)) == 1


def test_a_store_that_is_away_is_no_refusal(site: Site, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> StoredFile:
        raise StoreUnavailable

    monkeypatch.setattr(site.store, "files", away)
    with pytest.raises(StoreUnavailable):
        shelver(site)(due(job))


def kept_bytes(site: Site) -> int:
    return site.objects.bytes_of(KEPT)


def test_what_the_catalogue_refuses_takes_no_room(site: Site, job: Job) -> None:
    refused = [Wanted(path="notes.txt", lfn=f"/other/{number}") for number in range(3)]
    site.catalogue.refused = {each.lfn: "not yours" for each in refused}
    wanted = [*refused, Wanted(path="notes.txt", lfn=LFN)]
    told = register(site, most_bytes=900)(job, wanted, actor_of(SHEET))
    assert told == {"/other/0": "not yours", "/other/1": "not yours", "/other/2": "not yours", LFN: None}
    assert kept_bytes(site) == 900


def test_several_outputs_are_not_one_file(site: Site, job: Job) -> None:
    with pytest.raises(ShelvingRefused, match=SEVERAL):
        shelver(site)(due(job, "out/**", LFN))
    assert (site.catalogue.registered, kept_bytes(site)) == ({}, 0)


def test_names_that_run_together_are_files_of_their_own(site: Site, job: Job) -> None:
    """What is kept under a GUID is never replaced by other bytes."""
    found = {
        guid_of(job.uid, path, lfn, sha256)
        for path, lfn in (("a", "/b#/c"), ("a#/b", "/c"))
        for sha256 in ("0" * 64, "1" * 64)
    }
    assert len(found) == 4


def test_bytes_that_changed_since_they_were_listed_are_not_registered(site: Site, job: Job) -> None:
    site.files.put(stored_output(job.uid, "notes.txt"), [b"half"])
    with pytest.raises(OutputNotFound):
        register(site)(job, [Wanted(path="notes.txt", lfn=LFN)], actor_of(SHEET))
    assert (site.catalogue.registered, kept_bytes(site)) == ({}, 0)


def test_bytes_that_get_their_name_just_now_are_not_forgotten(site: Site, job: Job) -> None:
    """The file was removed long ago; it is registered again between the question and the removal."""
    wanted = [Wanted(path="notes.txt", lfn=LFN)]
    register(site)(job, wanted, actor_of(SHEET))
    site.catalogue.registered.clear()
    site.clock.move(AGE_SECONDS + 1)

    class Slow:
        def named(self, guids: Collection[str]) -> Collection[str]:
            found = site.catalogue.named(guids)
            if guids:
                register(site)(job, wanted, actor_of(SHEET))
            return found

    slow: Any = Slow()
    now = site.clock.now()
    assert sum(forget_unnamed(site.objects, slow, number, now) for number in range(FOLDERS)) == 0
    assert bytes_of(site, LFN) == b"notes.txt" * 100


def test_an_output_that_is_called_by_the_jobs_id(site: Site) -> None:
    def act(spec: Any) -> None:
        for name in ("out_1.dat", "out_2.dat", "out_3.dat"):
            (spec.mounts[0].host / name).write_bytes(name.encode())

    site.engine.scripts = Script(act=act)
    job = site.run(SPEC, outputs=(Output(folder="/work", pattern="out_*"),))
    site.filed.by_id[job.id] = SHEET
    shelver(site)(due(job, f"out_{JOB_ID}.dat", "/lhcb/"))
    assert list(site.catalogue.registered) == [f"/lhcb/out_{job.id}.dat"]


def test_the_room_is_for_all_files_of_a_wish_together(site: Site, job: Job) -> None:
    wanted = [Wanted(path="notes.txt", lfn=f"{LFN}{number}") for number in range(3)]
    with pytest.raises(QuotaExceeded):
        register(site, most_bytes=2 * 900)(job, wanted, actor_of(SHEET))
    assert (kept_bytes(site), site.catalogue.registered) == (2 * 900, {})
    again = register(site, most_bytes=3 * 900)(job, wanted, actor_of(SHEET))
    assert (list(again.values()), kept_bytes(site)) == ([None] * 3, 3 * 900)
