"""A worker that dies while it adds what a run wrote: the next one adds the rest."""

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.ids import new_uid, tag_of
from services.compute.domain.job import Run, RunState
from services.compute.domain.spec import Role
from services.compute.worker import tee
from services.compute.worker.workplace import Workplace, make_folder
from tests.fakes.compute_site import SPEC, TASK

SAID = {"main.0.0.stdout": b"out" * 50_000, "main.0.0.stderr": b"err" * 50_000}
TOLD = replace(TASK, tee="/work/log", split_logs=True)
THE_SPEC = replace(SPEC, roles=(Role(tasks=(TOLD,)),))


@pytest.mark.parametrize("written", [0, 1, 150_000, 150_001, 299_999, 300_000])
@pytest.mark.parametrize("before", [b"", b"own words\n"])
def test_dying_after_some_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, written: int, before: bytes
) -> None:
    uid = new_uid()
    place = Workplace(tmp_path, uid, 1)
    place.make()
    make_folder(place.folder(0), SPEC.folders[0])
    (place.folder(0) / "log").write_bytes(before)
    for name, said in SAID.items():
        place.log(name).write_bytes(said)
    run = Run(
        tag=tag_of(uid, 1, "main", 0, 0), attempt=1, role="main", index=0, task=0, state=RunState.SUBMITTED,
        handle="h",
    )  # fmt: skip
    write, left = tee._write, written

    def dying(opened: int, chunk: bytes) -> None:
        nonlocal left
        write(opened, chunk[:left])
        left -= len(chunk)
        if left < 0:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(tee, "_write", dying)
        with contextlib.suppress(KeyboardInterrupt):
            tee.add_streams(THE_SPEC, TOLD, run, place)
    tee.add_streams(THE_SPEC, TOLD, run, place)
    tee.add_streams(THE_SPEC, TOLD, run, place)
    assert (place.folder(0) / "log").read_bytes() == before + b"".join(SAID.values())
