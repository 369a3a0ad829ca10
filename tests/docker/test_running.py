"""Commands in containers: what they get, what they write, how they end."""

import time
from pathlib import Path

import pytest

from services.compute.domain.errors import Refused
from services.compute.domain.spec import Image
from services.compute.ports.engines import Activity, EngineAway, Mount
from tests.docker.runs import PYTHON, Runs, log_of
from tests.waiting import wait_for


def test_output_exit_code_and_times(runs: Runs) -> None:
    began = time.time()
    seen, log = runs.done(runs.sh("echo hello; exit 7"))
    assert log == b"hello\n"
    assert (seen.activity, seen.exit_code, seen.signal) == (Activity.ENDED, 7, None)
    assert seen.reason is not None
    assert seen.reason.code == "command_failed"
    assert seen.started_at is not None
    assert seen.ended_at is not None
    assert began - 1 < seen.started_at <= seen.ended_at < time.time() + 1
    assert seen.usage.wall_seconds == pytest.approx(seen.ended_at - seen.started_at)


def test_a_good_end_has_no_reason(runs: Runs) -> None:
    seen, log = runs.done(runs.spec("true"))
    assert (seen.exit_code, seen.reason, log) == (0, None, b"")


def test_both_outputs_in_the_order_they_came(runs: Runs) -> None:
    lines = "".join(f"echo out{n}; echo err{n} >&2; " for n in range(20))
    _, log = runs.done(runs.sh(lines))
    assert log.decode().split() == [f"{kind}{n}" for n in range(20) for kind in ("out", "err")]


def test_split_outputs(runs: Runs) -> None:
    spec = runs.sh("echo out; echo err >&2", split_logs=True)
    runs.done(spec)
    assert (log_of(spec, "stdout"), log_of(spec, "stderr")) == (b"out\n", b"err\n")


def test_binary_output_is_kept_byte_for_byte(runs: Runs) -> None:
    script = "import os; os.write(1, bytes(range(256)) * 1000 + b'no newline')"
    _, log = runs.done(runs.spec("python3", "-c", script, image=PYTHON))
    assert log == bytes(range(256)) * 1000 + b"no newline"


def test_long_lines_keep_their_ends(runs: Runs) -> None:
    """Docker's log driver stores them in parts of 16 KiB."""
    sizes = (16383, 16384, 16385, 32768, 50000, 16384)
    script = f"for n in {sizes}: print('x' * n)\nprint('last')"
    _, log = runs.done(runs.spec("python3", "-c", script, image=PYTHON))
    assert [len(line) for line in log.split(b"\n")] == [*sizes, 4, 0]


def test_a_hundred_thousand_short_lines(runs: Runs) -> None:
    script = "for n in range(100_000): print(n)"
    _, log = runs.done(runs.spec("python3", "-c", script, image=PYTHON))
    assert log == "".join(f"{n}\n" for n in range(100_000)).encode()


def test_log_files_are_there_before_the_start(runs: Runs) -> None:
    spec = runs.sh("sleep 30")
    runs.engine.submit(spec)
    assert log_of(spec) == b""


def test_the_log_grows_while_it_runs(runs: Runs) -> None:
    spec = runs.sh("echo first; sleep 60")
    began = time.monotonic()
    handle = runs.engine.submit(spec)
    wait_for(lambda: log_of(spec) == b"first\n", "the first line")
    assert time.monotonic() - began < 15  # bench measures it; this notices a buffer
    assert runs.look(handle).activity is Activity.RUNNING


def test_arguments_arrive_as_they_are(runs: Runs) -> None:
    odd = ["two words", "$HOME", "a;b", "'", '"', "*", "\n", "", "ä€"]
    _, log = runs.done(runs.spec("python3", "-c", "import sys; print(sys.argv[1:])", *odd, image=PYTHON))
    assert log.decode() == f"{odd}\n"


def test_environment_working_folder_and_home(runs: Runs) -> None:
    work = runs.mount("/work")
    spec = runs.sh(
        'echo "$A|$b|$(pwd)"; touch "$HOME/x" "$TMPDIR/y" here',
        environment={"A": "one two", "b": "$A"},
        working_folder="/work",
        mounts=(work,),
    )
    seen, log = runs.done(spec)
    assert (seen.exit_code, log) == (0, b"one two|$A|/work\n")
    assert (work.host / "here").exists()


def test_variables_that_no_shell_carries_arrive(runs: Runs) -> None:
    script = "import os; print(os.environ['a.b'])"
    _, log = runs.done(runs.spec("python3", "-c", script, image=PYTHON, environment={"a.b": "c"}))
    assert log == b"c\n"


def test_an_empty_command_is_the_images_own(runs: Runs) -> None:
    seen, log = runs.done(runs.spec())  # /bin/sh without input
    assert (seen.exit_code, log) == (0, b"")


def test_a_command_that_is_not_there(runs: Runs) -> None:
    for split in (False, True):
        seen, _ = runs.done(runs.spec("no-such-program", split_logs=split))
        assert seen.reason is not None
        assert seen.reason.code == "command_not_found"
        assert "no-such-program" in seen.reason.evidence


def test_a_signal_from_inside(runs: Runs) -> None:
    seen, _ = runs.done(runs.sh("kill -SEGV $$"))
    assert (seen.exit_code, seen.signal) == (None, 11)
    assert seen.reason is not None
    assert seen.reason.code == "killed_by_signal"
    assert "SIGSEGV" in seen.reason.sentence


def test_read_only_and_writable_mounts(runs: Runs) -> None:
    inputs = runs.mount("/data/inputs", {"0": b"data"}, writable=False)
    outputs = runs.mount("/data/outputs")
    spec = runs.sh(
        "cp /data/inputs/0 /data/outputs/copy; touch /data/inputs/x || echo no; rm /data/inputs/0 || echo no",
        mounts=(inputs, outputs),
    )
    _, log = runs.done(spec)
    assert (outputs.host / "copy").read_bytes() == b"data"
    assert log.decode().splitlines()[1::2] == ["no", "no"]
    assert sorted(path.name for path in inputs.host.iterdir()) == ["0"]


def test_a_mount_that_is_gone_is_refused_and_not_made(runs: Runs, tmp_path: Path) -> None:
    gone = Mount(host=tmp_path / "gone", path="/work", writable=True)
    with pytest.raises(Refused) as refused:
        runs.engine.submit(runs.sh("true", mounts=(gone,)))
    assert refused.value.reason.code == "engine_failed"
    assert not gone.host.exists()
    assert runs.engine.tags() == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"image": None}, "image_refused"),
        ({"nodes": 2}, "resources_refused"),
        ({"gpus": 1}, "resources_refused"),
        ({"memory_bytes": 1 << 20}, "resources_refused"),
        ({"environment": {"A": "a\0b"}}, "resources_refused"),
        ({"environment": {"A=B": "c"}}, "resources_refused"),
        ({"mounts": (Mount(host=Path("/etc"), path="/proc/x", writable=False),)}, "resources_refused"),
        ({"mounts": (Mount(host=Path("/etc"), path="/a/../b", writable=False),)}, "resources_refused"),
        ({"mounts": (Mount(host=Path("/etc"), path="/", writable=False),)}, "resources_refused"),
    ],
)
def test_runs_that_no_container_can_be(runs: Runs, changes: dict[str, object], code: str) -> None:
    with pytest.raises(Refused) as refused:
        runs.engine.check(runs.sh("true", **changes))
    assert refused.value.reason.code == code


def test_more_cpus_than_the_machine_has(runs: Runs) -> None:
    with pytest.raises(Refused) as refused:
        runs.engine.submit(runs.sh("true", cpus=100_000))
    assert refused.value.reason.code == "resources_refused"


def test_an_engine_that_is_away(tmp_path: Path) -> None:
    away = Runs(tmp_path, url=f"unix://{tmp_path}/none.sock")
    for ask in (
        away.engine.ping,
        away.engine.tags,
        lambda: away.engine.pull(Image(name="a"), print),
        lambda: away.engine.submit(away.sh("true")),
    ):
        with pytest.raises(EngineAway, match="does not answer"):
            ask()
