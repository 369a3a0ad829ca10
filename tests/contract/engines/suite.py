"""What every engine promises (services/compute/ports/engines.py), asked of a Rig."""

import concurrent.futures
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.errors import Refused
from services.compute.domain.ids import new_uid, tag_of
from services.compute.domain.spec import Image
from services.compute.ports.engines import Activity, Command, Handle, Observed, RunSpec
from tests.engine_rig import Rig, inputs, log, reason_code, shell, wait_for_log, work
from tests.waiting import wait_for

HELLO = shell("printf 'hello\\n'")
THREE = shell("echo no >&2", "exit 3")
KILLED = shell("kill -9 $$")
MISSING = ("/no/such/program", "word")
BOTH = shell("printf out; printf err >&2")
BINARY = shell(r"printf '\000\001\377\r\n'")
COUNTED = shell("echo started >> /work/starts")
WAITING = shell("echo begun", "while [ ! -e /work/go ]; do sleep 0.05; done", "echo done")
PARENT = shell(
    "sh -c 'echo begun; while :; do echo x >> /work/beats; sleep 0.02; done' &", "trap '' TERM", "wait"
)
WORDS = shell('printf "%s|%s|" "$A" "$B"', "pwd", "cat /data/inputs/input.txt")
WRITES = shell(
    "echo new > /work/made", "echo changed > /data/inputs/input.txt", "echo > /data/inputs/more", "true"
)


class EngineSuite:
    """Subclass it with a fixture `rig`."""

    def test_a_run_that_ends_well(self, rig: Rig) -> None:
        spec = rig.spec(*HELLO)
        seen = rig.run(spec)
        assert (seen.activity, seen.exit_code, seen.signal, seen.reason) == (Activity.ENDED, 0, None, None)
        assert seen.started_at is not None
        assert seen.ended_at is not None
        assert seen.started_at <= seen.ended_at
        assert log(spec) == b"hello\n"

    def test_a_failure_tells_its_exit_code(self, rig: Rig) -> None:
        spec = rig.spec(*THREE)
        seen = rig.run(spec)
        assert (seen.activity, seen.exit_code, reason_code(seen)) == (Activity.ENDED, 3, "command_failed")
        assert log(spec) == b"no\n"

    def test_a_signal_is_no_exit_code(self, rig: Rig) -> None:
        seen = rig.run(rig.spec(*KILLED))
        assert (seen.exit_code, seen.signal, reason_code(seen)) == (None, 9, "killed_by_signal")

    def test_a_command_that_is_not_there(self, rig: Rig) -> None:
        """At the submit or at once after it; never another reason."""
        spec = rig.spec(*MISSING)
        try:
            code = reason_code(rig.run(spec))
        except Refused as refused:
            code = refused.reason.code
        assert code == "command_not_found"

    def test_both_outputs_are_one_stream(self, rig: Rig) -> None:
        spec = rig.spec(*BOTH)
        rig.run(spec)
        assert sorted(log(spec)) == sorted(b"outerr")
        assert not (spec.log_folder / "main.0.0.stdout").exists()

    def test_split_outputs_are_kept_apart(self, rig: Rig) -> None:
        spec = rig.spec(*BOTH, split=True)
        rig.run(spec)
        assert (log(spec, "stdout"), log(spec, "stderr")) == (b"out", b"err")

    def test_bytes_stay_bytes(self, rig: Rig) -> None:
        spec = rig.spec(*BINARY)
        rig.run(spec)
        assert log(spec) == b"\x00\x01\xff\r\n"

    def test_the_log_is_there_from_the_submit_and_grows(self, rig: Rig) -> None:
        spec = rig.spec(*WAITING)
        handle = rig.start(spec)
        assert (spec.log_folder / "main.0.0.output").exists()
        wait_for_log(spec, b"begun\n")
        rig.until_running(handle)
        rig.release(spec)
        assert rig.end(handle).exit_code == 0
        assert log(spec) == b"begun\ndone\n"

    def test_words_and_folders_arrive(self, rig: Rig) -> None:
        spec = rig.spec(*WORDS, env={"A": "a b\n'$x", "B": ""})
        rig.run(spec)
        assert log(spec) == b"a b\n'$x||/work\ngiven"

    def test_read_only_folders_stay_as_they_are(self, rig: Rig) -> None:
        spec = rig.spec(*WRITES)
        assert rig.run(spec).exit_code == 0
        assert (work(spec) / "made").read_bytes() == b"new\n"
        assert [path.name for path in inputs(spec).iterdir()] == ["input.txt"]
        assert (inputs(spec) / "input.txt").read_bytes() == b"given"

    def test_no_command_is_what_the_image_does(self, rig: Rig) -> None:
        assert rig.run(rig.spec()).exit_code == 0

    def test_submitting_twice_starts_once(self, rig: Rig) -> None:
        spec = rig.spec(*COUNTED)
        first = rig.start(spec)
        assert rig.engine.submit(spec) == first
        rig.end(first)
        assert rig.engine.submit(spec) == first
        rig.restart()
        assert rig.engine.submit(spec) == first
        assert rig.end(first).exit_code == 0
        assert (work(spec) / "starts").read_bytes() == b"started\n"

    def test_submitting_at_once_starts_once(self, rig: Rig) -> None:
        spec = rig.spec(*COUNTED)
        gate = threading.Barrier(8)

        def submit() -> Handle:
            gate.wait(30)
            return rig.start(spec)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            handles = {future.result() for future in [pool.submit(submit) for _ in range(8)]}
        assert len(handles) == 1
        assert rig.end(handles.pop()).exit_code == 0
        assert (work(spec) / "starts").read_bytes() == b"started\n"

    def test_a_run_is_found_by_its_tag_until_it_is_removed(self, rig: Rig) -> None:
        spec = rig.spec(*WAITING)
        assert rig.engine.find(spec.tag) is None
        handle = rig.start(spec)
        rig.restart()
        assert rig.engine.find(spec.tag) == handle
        assert spec.tag in rig.engine.tags()
        rig.release(spec)
        seen = rig.end(handle)
        assert rig.engine.find(spec.tag) == handle
        assert rig.observe(handle) == seen
        rig.engine.remove(handle)
        rig.engine.remove(handle)
        assert rig.engine.find(spec.tag) is None
        assert spec.tag not in rig.engine.tags()

    def test_what_ended_stays_the_same_after_a_restart(self, rig: Rig) -> None:
        handle = rig.start(rig.spec(*THREE))
        seen = rig.end(handle)
        rig.restart()
        rig.engine.cancel(handle)
        assert rig.observe(handle) == seen

    def test_removing_leaves_folders_and_logs(self, rig: Rig) -> None:
        spec = rig.spec(*COUNTED)
        handle = rig.start(spec)
        rig.end(handle)
        rig.engine.remove(handle)
        assert (work(spec) / "starts").exists()
        assert (spec.log_folder / "main.0.0.output").exists()

    def test_cancelling_ends_it_and_its_children(self, rig: Rig) -> None:
        spec = rig.spec(*PARENT)
        handle = rig.start(spec)
        wait_for_log(spec, b"begun\n")
        if rig.is_real:
            wait_for((work(spec) / "beats").exists, "the child's first beat")
        rig.engine.cancel(handle)
        rig.engine.cancel(handle)
        seen = rig.end(handle)
        assert (seen.activity, seen.exit_code, reason_code(seen)) == (Activity.ENDED, None, "cancelled")
        if rig.is_real:
            beats = (work(spec) / "beats").stat().st_size
            assert rig.run(rig.spec("sleep", "0.2")).exit_code == 0
            assert (work(spec) / "beats").stat().st_size == beats

    def test_cancelling_what_is_unknown_is_nothing(self, rig: Rig) -> None:
        spec = rig.spec(*HELLO)
        handle = rig.start(spec)
        rig.end(handle)
        rig.engine.remove(handle)
        rig.engine.cancel(handle)
        rig.engine.cancel(Handle("../../etc"))
        rig.engine.remove(Handle("../../etc"))

    def test_every_handle_gets_an_answer(self, rig: Rig) -> None:
        good, bad = rig.start(rig.spec(*HELLO)), rig.start(rig.spec(*THREE))
        removed = rig.start(rig.spec(*HELLO))
        rig.end(removed)
        rig.engine.remove(removed)
        asked = [good, bad, removed, Handle("nobody's"), Handle("../../../etc/passwd")]

        def both_ended() -> dict[Handle, Observed] | None:
            seen = dict(rig.engine.observe(asked))
            return seen if {seen[good].activity, seen[bad].activity} == {Activity.ENDED} else None

        seen = wait_for(both_ended, "both ends")
        assert set(seen) == set(asked)
        assert (seen[good].exit_code, seen[bad].exit_code) == (0, 3)
        assert [seen[handle].activity for handle in asked[2:]] == [Activity.LOST] * 3
        assert rig.engine.observe([]) == {}

    def test_a_tag_that_is_unknown(self, rig: Rig) -> None:
        assert rig.engine.find(tag_of(new_uid(), 1, "main", 0, 0)) is None

    def test_an_image_is_made_ready_twice(self, rig: Rig) -> None:
        said: list[str] = []
        rig.engine.pull(rig.image, said.append)
        rig.engine.pull(rig.image, said.append)
        assert said

    def test_an_image_that_is_not_there(self, rig: Rig) -> None:
        with pytest.raises(Refused) as refused:
            rig.engine.pull(rig.missing_image, lambda _: None)
        assert refused.value.reason.code in {"image_not_found", "image_refused", "pull_failed"}

    def test_a_digest_is_held_or_said_to_be_ignored(self, rig: Rig) -> None:
        assert rig.image is not None
        wrong = Image(name=rig.image.name, digest="sha256:" + "0" * 64)
        said: list[str] = []
        if not rig.engine.abilities().pins_images:
            rig.engine.pull(wrong, said.append)
            assert "not checked" in "".join(said)
            return
        with pytest.raises(Refused) as refused:
            rig.engine.pull(wrong, said.append)
        assert refused.value.reason.code in {"image_mismatch", "image_not_found", "pull_failed"}

    @pytest.mark.parametrize("beyond", [{"nodes": 2000}, {"gpus": 2000}])
    def test_more_than_it_has_is_refused(self, rig: Rig, beyond: dict[str, int]) -> None:
        with pytest.raises(Refused) as refused:
            rig.engine.check(replace(rig.spec(*HELLO), **beyond))  # type: ignore[arg-type]
        assert refused.value.reason.code == "resources_refused"

    @pytest.mark.parametrize(
        "bad",
        [
            {"command": ("echo", "a\0b")},
            {"environment": {"A": "x\0--bind\0/\0/host"}},
            {"environment": {"": "x"}},
            {"environment": {"A=B": "x"}},
        ],
    )
    def test_words_that_no_system_takes_are_refused(self, rig: Rig, bad: dict[str, object]) -> None:
        spec: RunSpec = replace(rig.spec(*HELLO), **bad)  # type: ignore[arg-type]
        with pytest.raises(Refused) as refused:
            rig.engine.check(spec)
        assert refused.value.reason.code == "resources_refused"
        assert rig.engine.find(spec.tag) is None

    def test_a_folder_that_is_gone_is_a_refusal(self, rig: Rig) -> None:
        """It is never made anew: the job it belonged to is over."""
        spec = rig.spec(*HELLO)
        (inputs(spec) / "input.txt").unlink()
        inputs(spec).rmdir()
        with pytest.raises(Refused) as refused:
            rig.engine.submit(spec)
        assert refused.value.reason.code == "engine_failed"
        assert not inputs(spec).exists()

    # -- commands inside -----------------------------------------------------------------------------
    def test_a_command_inside_sees_what_the_run_sees(self, rig: Rig) -> None:
        spec = rig.spec(*WAITING, env={"A": "of the run"})
        handle = rig.start(spec)
        wait_for_log(spec, b"begun\n")
        rig.until_running(handle)
        done = rig.engine.execute(
            handle, inside("echo $A $B; echo seen >&2; echo x > made; exit 3"), 30, 1000
        )
        assert (done.exit_code, sorted(done.output.splitlines())) == (3, [b"given of the run", b"seen"])
        assert (work(spec) / "made").read_bytes() == b"x\n"
        rig.release(spec)
        assert rig.end(handle).exit_code == 0
        assert log(spec) == b"begun\ndone\n"

    def test_a_command_inside_has_its_time_and_so_many_bytes(self, rig: Rig) -> None:
        spec = rig.spec(*WAITING)
        handle = rig.start(spec)
        rig.until_running(handle)
        late = rig.engine.execute(handle, inside("echo early; while :; do :; done"), 1.0, 1000)
        assert (late.exit_code, late.output) == (None, b"early\n")
        long = rig.engine.execute(handle, inside("head -c 100000 /dev/zero"), 30, 1000)
        assert (long.exit_code, long.is_cut, long.output) == (0, True, bytes(1000))
        left = rig.engine.execute(
            handle, inside("(while :; do echo x >> beats; sleep 0.05; done) & sleep 0.2"), 30, 9
        )
        assert left.exit_code == 0
        beats = work(spec) / "beats"
        wait_for(lambda: _is_still(beats), "the end of what the command left behind")
        rig.release(spec)
        assert rig.end(handle).exit_code == 0

    def test_commands_want_a_run_that_runs(self, rig: Rig) -> None:
        spec = rig.spec(*WAITING)
        handle = rig.start(spec)
        rig.until_running(handle)
        with pytest.raises(Refused) as missing:
            rig.engine.execute(handle, Command(words=("/no/such/program",)), 30, 1000)
        assert missing.value.reason.code == "command_not_found"
        rig.release(spec)
        rig.end(handle)
        for known in (handle, Handle(tag_of(new_uid(), 1, "main", 0, 0))):
            with pytest.raises(Refused) as refused:
                rig.engine.execute(known, inside("true"), 30, 1000)
            assert refused.value.reason.code == "engine_failed"


def inside(line: str) -> Command:
    return Command(
        words=("/bin/sh", "-c", line), environment={"A": "given", "B": "of the run"}, working_folder="/work"
    )


def _is_still(path: Path) -> bool:
    before = path.stat().st_size
    time.sleep(0.3)  # longer than a beat
    return path.stat().st_size == before
