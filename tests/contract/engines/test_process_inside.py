"""What is the process engine's own: users, processors, folders in folders, what a sandbox shows."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.adapters.engines.process.engine import ProcessEngine
from services.compute.domain.errors import Refused
from services.compute.domain.ids import Tag
from services.compute.domain.spec import Image
from services.compute.ports.engines import Command, Mount
from tests.contract.engines import suite
from tests.engine_rig import Rig, log, reason_code, shell, work


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    rig = Rig(tmp_path, lambda: ProcessEngine(tmp_path / "engine"))
    yield rig
    rig.close()


def test_a_run_stays_on_the_processors_it_was_given(rig: Rig) -> None:
    program = (
        "import os\nprint(len(os.sched_getaffinity(0)))\n"
        "try: os.sched_setaffinity(0, range(os.cpu_count()))\nexcept OSError: pass\n"
        "print(len(os.sched_getaffinity(0)))"
    )
    spec = rig.python_spec(program, cpus=1)
    assert rig.run(spec).exit_code == 0
    assert log(spec).split() == [b"1", b"1"]


def test_whole_machines_are_not_pinned(rig: Rig) -> None:
    spec = rig.python_spec("import os; print(len(os.sched_getaffinity(0)))", cpus=1000)
    rig.run(spec)
    assert int(log(spec)) == len(os.sched_getaffinity(0))


def test_runs_of_one_job_share_their_user_and_jobs_do_not(rig: Rig) -> None:
    first, second = rig.spec(*shell("id -u > who")), rig.spec(*shell("id -u > who"))
    rig.run(first)
    rig.run(second)
    again = replace(first, tag=Tag(first.tag[:-1] + "1"), command=("cat", "who"), log_name="main.0.1")
    rig.run(again)
    numbers = [int((work(spec) / "who").read_bytes()) for spec in (first, second)]
    assert int(log(again)) == numbers[0]
    if os.geteuid() == 0:
        assert numbers[0] != numbers[1]
    assert 0 not in numbers


def test_home_and_temporary_folders_can_be_written(rig: Rig) -> None:
    lines = [
        "echo x > $HOME/x",
        "echo x > $TMPDIR/x",
        "echo x > /dev/shm/x",
        "echo x > /var/tmp/y",
        "ls /tmp",
    ]
    spec = rig.spec(*shell("set -e", *lines))
    assert rig.run(spec).exit_code == 0
    assert log(spec) == b"x\ny\n"


def test_a_folder_in_a_folder(rig: Rig) -> None:
    spec = rig.spec(*shell("cat given/input.txt", "echo > given/new || echo ' refused'", "echo own > own"))
    spec = replace(spec, mounts=(replace(spec.mounts[1], path="/work/given"), spec.mounts[0]))
    assert rig.run(spec).exit_code == 0
    assert log(spec).startswith(b"given")
    assert log(spec).endswith(b" refused\n")
    assert (spec.mounts[1].host / "own").read_bytes() == b"own\n"


def test_a_working_folder_that_is_missing_is_made(rig: Rig) -> None:
    inside = rig.spec(*shell("pwd", "echo > x"), working_folder="/work/deep/er")
    assert rig.run(inside).exit_code == 0
    assert log(inside) == b"/work/deep/er\n"
    outside = rig.spec("pwd", working_folder="/srv/app")
    rig.run(outside)
    assert log(outside) == b"/srv/app\n"
    system = rig.spec("pwd", working_folder=None)
    rig.run(system)
    assert log(system) == b"/\n"


@pytest.mark.parametrize("target", ["/etc", "/oldroot/etc", "/newroot"])
def test_a_working_folder_behind_a_link_that_a_job_left_is_refused(rig: Rig, target: str) -> None:
    """Nothing is made through it, on this machine or in bubblewrap's own view of it."""
    spec = rig.spec(*suite.HELLO, working_folder="/work/link/tidegate-made")
    (work(spec) / "link").symlink_to(target)
    with pytest.raises(Refused) as refused:
        rig.engine.submit(spec)
    assert refused.value.reason.code == "engine_failed"
    assert not Path("/etc/tidegate-made").exists()
    assert rig.engine.find(spec.tag) is None


@pytest.mark.parametrize(
    "path",
    ["/", "/etc", "/usr/lib/x", "/proc", "/dev/shm", "/bin", "relative", "/work/../etc", "/opt/tidegate/bin"],
)
def test_the_systems_folders_cannot_be_covered(rig: Rig, path: str) -> None:
    spec = rig.spec(*suite.HELLO)
    spec = replace(spec, mounts=(Mount(host=work(spec), path=path, writable=True),))
    with pytest.raises(Refused) as refused:
        rig.engine.submit(spec)
    assert refused.value.reason.code == "resources_refused"


def test_a_network_is_refused_unless_the_operator_gives_this_machines(rig: Rig) -> None:
    spec = replace(rig.spec(*shell("cat /etc/resolv.conf; ls /sys")), network=True)
    with pytest.raises(Refused) as refused:
        rig.engine.submit(spec)
    assert refused.value.reason.code == "resources_refused"
    open_engine = ProcessEngine(rig.root / "engine", host_network=True)
    assert open_engine.abilities().network
    assert "shares the machine's own" in open_engine.abilities().isolation
    open_engine.check(spec)


def test_a_file_that_may_not_be_executed(rig: Rig) -> None:
    spec = rig.spec("/work/program")
    (work(spec) / "program").write_text("#!/bin/sh\nexit 0\n", encoding="ascii")
    (work(spec) / "program").chmod(0o644)
    seen = rig.run(spec)
    assert (reason_code(seen), seen.exit_code) == ("command_not_found", 127)


def test_images_without_programs_are_refused_at_the_check_and_at_the_pull(rig: Rig) -> None:
    spec = replace(rig.spec(*suite.HELLO), image=Image(name="alpine:3"))
    for ask in (lambda: rig.engine.check(spec), lambda: rig.engine.pull(spec.image, lambda _: None)):
        with pytest.raises(Refused) as refused:
            ask()
        assert refused.value.reason.code == "image_refused"
        assert "alpine:3" in refused.value.reason.sentence


@pytest.mark.parametrize("program", ["python --version", "python3 -c 'import ssl, json, sqlite3'"])
def test_a_python_image_has_python(rig: Rig, program: str) -> None:
    assert rig.run(rig.spec(*shell(program), image=Image(name="python:3"))).exit_code == 0


def test_a_node_image_has_node(rig: Rig) -> None:
    spec = rig.spec("node", "-e", "console.log(1 + 1)", image=Image(name="node:18"))
    assert rig.run(spec).exit_code == 0
    assert log(spec) == b"2\n"


def test_what_it_used_is_told(rig: Rig) -> None:
    spec = rig.python_spec("held = b'x' * (50 << 20)\nfor n in range(3_000_000): pass")
    usage = rig.run(spec).usage
    assert usage.wall_seconds is not None
    assert usage.cpu_seconds is not None
    assert usage.max_memory_bytes is not None
    assert 0 < usage.cpu_seconds < 60
    assert usage.max_memory_bytes > 50 << 20


CODE_CHOOSERS = {"LD_PRELOAD": "/work/none.so", "GCONV_PATH": "/work", "A": "b=c"}


def test_what_chooses_code_to_load_reaches_the_command_and_nothing_before_it(rig: Rig) -> None:
    """What starts the command may still be root: it must load nothing of the job's. Each program that the
    variable reaches says once that there is no such object.
    """
    spec = rig.spec("/bin/true", env=CODE_CHOOSERS)
    assert rig.run(spec).exit_code == 0
    assert log(spec).count(b"/work/none.so") == 1
    told = rig.spec(*shell('printf "%s|%s|%s" "$LD_PRELOAD" "$GCONV_PATH" "$A"'), env=CODE_CHOOSERS)
    assert rig.run(told).exit_code == 0
    assert log(told).endswith(b"/work/none.so|/work|b=c")


def test_a_command_inside_is_started_without_them_too(rig: Rig) -> None:
    spec = rig.spec(*suite.WAITING)
    handle = rig.start(spec)
    rig.until_running(handle)
    command = Command(words=("/bin/true",), environment=CODE_CHOOSERS, working_folder="/work")
    done = rig.engine.execute(handle, command, 30, 1000)
    assert (done.exit_code, done.output.count(b"/work/none.so")) == (
        0,
        2,
    )  # the shell that looks for it, and it
    rig.release(spec)
    rig.end(handle)


def test_with_them_a_command_that_is_not_there_is_still_not_found(rig: Rig) -> None:
    assert reason_code(rig.run(rig.spec("/no/such", env=CODE_CHOOSERS))) == "command_not_found"
    spec = rig.spec("a=b", env=CODE_CHOOSERS)
    assert reason_code(rig.run(spec)) in ("command_not_found", "command_failed")
    assert b"a=b" in log(spec)
