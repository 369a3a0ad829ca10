"""Where jobs run, and the files of the catalogue that they read and make (contract 2.13)."""

from pathlib import Path
from typing import Any

import pytest

from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.domain.spec import Source
from tests.contract.compute_dirac.refusals import is_envelope, refused
from tests.fakes.compute_dirac import ECHO, Dirac

pytestmark = pytest.mark.clause("dirac 2.13")


def test_sites_choose_the_environment(tmp_path: Path) -> None:
    sites = Sites({"small": ("S.x",), "large": ("L.x", "M.x")})
    room = Dirac(tmp_path, sites=sites)
    assert refused(room, {**ECHO, "Sites": ["None.x"]})[0][0] == "/Sites"
    assert "S.x, L.x, M.x" in refused(room, {**ECHO, "Sites": ["None.x"]})[0][1]
    assert refused(room, {**ECHO, "Site": ["S.x"], "NumberOfProcessors": 8})[0][0] == "/NumberOfProcessors"
    for manifest, environment, site in (
        ({**ECHO, "Sites": ["M.x"]}, "large", "M.x"),
        ({**ECHO, "BannedSites": "S.x,L.x"}, "large", "M.x"),
        (ECHO, "small", "S.x"),
    ):
        (jid,) = room.submit(manifest)
        spec = room.job(jid).spec
        assert spec.environment == environment
        assert spec.roles[0].tasks[0].environment["DIRACSITE"] == site


def test_more_time_than_any_site_gives_is_cut_to_what_there_is(room: Dirac) -> None:
    small, large, cut = (
        room.job(room.submit({**ECHO, "CPUTime": seconds})[0]).spec for seconds in (1000, 300_000, 10**9)
    )
    assert (small.environment, small.clocks.run) == ("small", 1000.0)
    assert (large.environment, large.clocks.run) == ("large", 300_000.0)
    assert (cut.environment, cut.clocks.run) == ("large", 500_000.0)


def test_jobs_with_no_place_at_all(tmp_path: Path) -> None:
    room = Dirac(tmp_path, environments=())
    assert refused(room, ECHO) == [("/Site", "There is no free environment at all.")]


# -- the file catalogue ------------------------------------------------------------------------------
def test_logical_files_are_asked_for_once(room: Dirac) -> None:
    room.catalogue.lfns = {"/vo/a", "/vo/b"}
    manifest = {**ECHO, "InputData": ["LFN:/vo/a", "/vo/b"], "Parameters": 3}
    jids = room.submit([manifest, {**ECHO, "InputSandbox": ["LFN:/vo/b"]}])
    ((lfns, actor),) = room.catalogue.asked
    assert (lfns, actor.name, actor.group, actor.vo) == (["/vo/a", "/vo/b"], "ada", "vo_user", "vo")
    inputs = room.job(jids[0]).spec.inputs
    assert [(given.source, given.value, given.path) for given in inputs] == [
        (Source.LFN, "/vo/a", "/work/a"),
        (Source.LFN, "/vo/b", "/work/b"),
    ]
    assert room.manifest(jids[0])["InputData"] == ["LFN:/vo/a", "LFN:/vo/b"]


def test_logical_files_that_are_not_there(room: Dirac) -> None:
    found = refused(room, [{**ECHO, "InputData": "/vo/none"}, {**ECHO, "InputSandbox": ["LFN:/vo/none"]}])
    assert [place for place, _ in found] == ["/0/InputData", "/1/InputSandbox"]
    assert '"/vo/none"' in found[0][1]


def test_without_a_virtual_organisation_there_are_no_logical_files(room: Dirac) -> None:
    for name in ("InputData", "OutputData", "InputSandbox"):
        ((place, text),) = refused(room, {**ECHO, name: ["LFN:/vo/a"]}, token="plain")
        assert place == f"/{name}"
        assert "virtual organisation" in text
    assert room.catalogue.asked == []


@pytest.mark.parametrize(
    ("members", "place"),
    [
        ({"OutputData": ["LFN:/other/x"]}, "/OutputData"),
        ({"OutputData": ["x"], "OutputPath": "/other/y"}, "/OutputPath"),
        ({"OutputData": ["x"], "OutputPath": "/vobis/y"}, "/OutputPath"),
    ],
)
def test_files_are_registered_in_the_callers_organisation_alone(
    room: Dirac, members: dict[str, Any], place: str
) -> None:
    ((where, text),) = refused(room, {**ECHO, **members})
    assert where == place
    assert "/vo" in text
    assert room.submit({**ECHO, "OutputData": ["x"], "OutputPath": "/vo/y"})


def test_the_catalogue_is_away(room: Dirac) -> None:
    room.catalogue.is_away = True
    answer = room.post({**ECHO, "InputData": "/vo/a"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "1"
    assert is_envelope(answer.get_json(), 503, "unavailable")
    assert room.submit()


def test_output_data_is_kept_and_registered(room: Dirac) -> None:
    (jid,) = room.submit({**ECHO, "OutputData": ["*.root", "LFN:/vo/prod/x.out"], "OutputPath": "mine"})
    job = room.job(jid)
    assert [output.pattern for output in job.spec.outputs][::2] == ["*.root", "x.out"]
    assert [(notice.address, notice.url) for notice in room.store.notices(job.uid)] == [
        ("*.root", "/vo/user/a/ada/mine/"),
        ("x.out", "/vo/prod/x.out"),
    ]
