"""Jobs that mean harm, on every engine with real processes: each ends with the reason that names what it did,
takes nothing else down, and learns nothing.
"""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from services.compute.ports.engines import Activity
from tests.engine_rig import MIB, Rig, inputs, log, reason_code, shell, wait_for_log, work

CANARY = "canary-5d1f0c9e"


class HostileSuite:
    """Subclass it with a fixture `rig` whose engine is real."""

    def test_a_fork_bomb_is_held(self, rig: Rig) -> None:
        """It fills its own places only: others start and run as ever, and the clock ends it."""
        bomb = rig.start(rig.spec(*shell("f() { f | f & }", "f", "sleep 60"), wall_seconds=3))
        assert rig.run(rig.spec("echo", "well")).exit_code == 0
        seen = rig.end(bomb)
        assert seen.activity == Activity.ENDED
        assert reason_code(seen) in {"run_timeout", "log_limit", "memory_limit", "command_failed"}

    def test_processes_beyond_the_limit_are_refused_inside(self, rig: Rig) -> None:
        program = (
            "import os, time\nmade = 0\ntry:\n  while made < 200:\n"
            "    if os.fork() == 0: time.sleep(60); os._exit(0)\n    made += 1\n"
            "except OSError: pass\nprint(made, flush=True)"
        )
        spec = rig.python_spec(program, processes=30)
        rig.run(spec)
        assert 10 <= int(log(spec)) <= 30

    def test_a_memory_hog_is_ended(self, rig: Rig) -> None:
        spec = rig.python_spec("held = []\nwhile True: held.append(b'x' * (4 << 20))", memory_bytes=128 * MIB)
        assert reason_code(rig.run(spec)) == "memory_limit"

    def test_many_small_hogs_are_one(self, rig: Rig) -> None:
        program = (
            "import os, time\nfor n in range(8):\n"
            "  if os.fork() == 0:\n    held = b'x' * (32 << 20)\n    time.sleep(60)\ntime.sleep(60)"
        )
        spec = rig.python_spec(program, memory_bytes=128 * MIB)
        assert reason_code(rig.run(spec)) == "memory_limit"

    def test_shared_memory_counts(self, rig: Rig) -> None:
        program = (
            "import mmap, time\nheld = mmap.mmap(-1, 400 << 20)\n"
            "for at in range(0, 400 << 20, 4096): held[at] = 1\ntime.sleep(60)"
        )
        assert reason_code(rig.run(rig.python_spec(program, memory_bytes=128 * MIB))) == "memory_limit"

    def test_memory_shared_by_many_counts_once(self, rig: Rig) -> None:
        program = (
            "import mmap, os, time\nheld, pages = mmap.mmap(-1, 40 << 20), range(0, 40 << 20, 4096)\n"
            "for at in pages: held[at] = 1\nfor n in range(8):\n"
            "  if os.fork() == 0:\n    sum(held[at] for at in pages); time.sleep(1); os._exit(0)\n"
            "time.sleep(1)"
        )
        assert rig.run(rig.python_spec(program, memory_bytes=200 * MIB)).reason is None

    def test_a_disk_filler_is_ended(self, rig: Rig) -> None:
        seen = rig.run(rig.spec(*shell("cat /dev/zero > big"), disk_bytes=32 * MIB))
        assert reason_code(seen) == "disk_limit"

    def test_many_files_are_a_filled_disk(self, rig: Rig) -> None:
        program = "n = 0\nwhile True:\n  open(f'f{n}', 'wb').write(b'x' * 65536); n += 1"
        assert reason_code(rig.run(rig.python_spec(program, disk_bytes=32 * MIB))) == "disk_limit"

    def test_a_file_without_a_name_is_on_the_disk(self, rig: Rig) -> None:
        program = (
            "import os, time\nfor n in range(64):\n"
            "  f = os.open(f'f{n}', os.O_CREAT | os.O_WRONLY); os.unlink(f'f{n}')\n"
            "  os.write(f, b'x' * (1 << 20))\ntime.sleep(60)"
        )
        seen = rig.run(rig.python_spec(program, disk_bytes=32 * MIB, wall_seconds=30))
        assert reason_code(seen) == "disk_limit"

    def test_filling_what_is_not_kept_does_not_go_on(self, rig: Rig) -> None:
        """In /tmp and /dev/shm: ended, or refused inside."""
        for place in ("/tmp", "/dev/shm"):
            program = f"f = open('{place}/big', 'wb')\nwhile True: f.write(b'x' * (1 << 20))"
            seen = rig.run(rig.python_spec(program, disk_bytes=32 * MIB, wall_seconds=30))
            assert reason_code(seen) in {"disk_limit", "memory_limit", "command_failed"}

    def test_a_log_without_end_is_cut_exactly(self, rig: Rig) -> None:
        spec = rig.spec(*shell("cat /dev/zero"), log_bytes=300_000)
        assert reason_code(rig.run(spec)) == "log_limit"
        assert log(spec) == b"\0" * 300_000

    def test_a_log_of_exactly_the_limit_is_well(self, rig: Rig) -> None:
        spec = rig.spec(*shell("head -c 300000 /dev/zero"), log_bytes=300_000)
        assert rig.run(spec).reason is None
        assert len(log(spec)) == 300_000

    def test_two_streams_share_one_limit(self, rig: Rig) -> None:
        lines = "while :; do echo to-out; echo to-err >&2; done"
        spec = rig.spec(*shell(lines), log_bytes=100_000, split=True)
        assert reason_code(rig.run(spec)) == "log_limit"
        assert len(log(spec, "stdout")) + len(log(spec, "stderr")) == 100_000

    def test_the_clock_ends_what_will_not_end(self, rig: Rig) -> None:
        spec = rig.spec(*shell("trap '' TERM INT HUP", "while :; do sleep 1; done"), wall_seconds=1.5)
        seen = rig.run(spec)
        assert (reason_code(seen), seen.exit_code) == ("run_timeout", None)
        assert seen.ended_at is not None
        assert seen.started_at is not None
        assert seen.ended_at - seen.started_at < 20

    def test_no_background_process_outlives_its_run(self, rig: Rig) -> None:
        lines = ("(setsid sh -c 'while :; do echo x >> /work/beats; sleep 0.02; done' &) ", "sleep 0.3")
        spec = rig.spec(*shell(*lines))
        assert rig.run(spec).exit_code == 0
        size = (work(spec) / "beats").stat().st_size
        assert rig.run(rig.spec("sleep", "0.2")).exit_code == 0
        assert (work(spec) / "beats").stat().st_size == size

    def test_killing_everybody_kills_oneself(self, rig: Rig) -> None:
        bystander = rig.spec(*shell("while [ ! -e /work/go ]; do sleep 0.05; done"))
        other = rig.start(bystander)
        rig.until_running(other)
        seen = rig.run(rig.spec(*shell("kill -9 1", "kill -9 -1", "kill -9 $PPID", "exit 4")))
        assert seen.activity == Activity.ENDED
        assert rig.observe(other).activity == Activity.RUNNING
        rig.release(bystander)
        assert rig.end(other).exit_code == 0

    def test_it_sees_its_own_processes_only(self, rig: Rig) -> None:
        spec = rig.python_spec("import os\nprint(sum(name.isdigit() for name in os.listdir('/proc')))")
        rig.run(spec)
        assert int(log(spec)) <= 4

    def test_it_has_no_network(self, rig: Rig) -> None:
        """Neither the machine's addresses nor what listens on its loopback."""
        with _listener() as (port, called):
            program = (
                "import socket\nprint(sorted(name for _, name in socket.if_nameindex()))\n"
                "for host in ('127.0.0.1', '10.0.0.1', '192.0.2.1'):\n"
                f"  try: socket.create_connection((host, {port}), 1); print('reached', host)\n"
                "  except OSError: pass"
            )
            spec = rig.python_spec(program)
            assert rig.run(spec).exit_code == 0
            assert b"reached" not in log(spec)
            assert log(spec).splitlines()[0].startswith(b"['lo'")
            assert called == []

    def test_it_has_no_privilege(self, rig: Rig) -> None:
        spec = rig.spec(*shell("cat /proc/self/status"))
        rig.run(spec)
        status = dict(line.split(b":\t", 1) for line in log(spec).splitlines() if b":\t" in line)
        assert {int(status[name], 16) for name in (b"CapEff", b"CapPrm", b"CapInh", b"CapAmb")} == {0}
        assert status[b"NoNewPrivs"] == b"1"
        assert b"0" not in status[b"Uid"].split() or os.geteuid() != 0

    def test_it_cannot_make_a_world_of_its_own(self, rig: Rig) -> None:
        """New namespaces would give it mounts, and memory that nobody counts."""
        program = (
            "import ctypes\nlibc = ctypes.CDLL(None)\n"
            "for flags in (0x10000000, 0x00020000, 0x40000000): print(libc.unshare(flags))\n"
            "print(libc.mount(b'none', b'/work', b'tmpfs', 0, None))"
        )
        spec = rig.python_spec(program)
        rig.run(spec)
        assert log(spec).split() == [b"-1"] * 4

    def test_the_system_cannot_be_changed(self, rig: Rig) -> None:
        spec = rig.spec(
            *shell("for at in / /usr /usr/bin /etc /dev /data /data/inputs; do touch $at/mine; done", "true")
        )
        rig.run(spec)
        assert log(spec).count(b"mine") >= 7
        assert not (inputs(spec) / "mine").exists()
        assert not Path("/usr/mine").exists()

    def test_it_reads_nothing_of_others(self, rig: Rig) -> None:
        """Not by its place on the machine, not through /proc, not by going up."""
        secret = rig.root / "jobs" / "secret.txt"
        secret.parent.mkdir()
        secret.write_text(CANARY, encoding="utf-8")
        os.chmod(secret, 0o644)
        lines = [f"cat {secret}", f"cat /proc/1/root{secret}", f"cat /work/../..{secret}", f"ls {rig.root}"]
        spec = rig.spec(*shell(*lines, "cat /etc/shadow", "ls -R /root", "cat /proc/1/environ", "true"))
        rig.run(spec)
        assert CANARY.encode() not in log(spec)
        assert b"root:$" not in log(spec)

    def test_a_link_out_of_its_folder_leads_nowhere(self, rig: Rig) -> None:
        secret = rig.root / "secret.txt"
        secret.write_text(CANARY, encoding="utf-8")
        spec = rig.spec(*shell("cat /work/link", "true"))
        (work(spec) / "link").symlink_to(secret)
        rig.run(spec)
        assert CANARY.encode() not in log(spec)

    def test_the_workers_environment_is_not_its_own(self, rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SERVICE_SECRET", CANARY)
        spec = rig.spec(*shell("env", "cat /proc/*/environ", "true"))
        rig.run(spec)
        assert CANARY.encode() not in log(spec)

    def test_its_environment_is_on_no_command_line(self, rig: Rig) -> None:
        """Whoever may list processes on the machine learns no secret of a job."""
        spec = rig.spec(*shell("echo begun", "sleep 60"), env={"SECRET": CANARY})
        handle = rig.start(spec)
        wait_for_log(spec, b"begun")
        lines = [path.read_bytes() for path in _command_lines()]
        assert not [line for line in lines if CANARY.encode() in line]
        rig.engine.cancel(handle)
        rig.end(handle)

    def test_what_it_leaves_can_be_forgotten(self, rig: Rig) -> None:
        """Deep, closed, full of sockets, pipes and links."""
        program = (
            "import os, socket\nos.chdir('/tmp')\nsocket.socket(socket.AF_UNIX).bind('s'); os.mkfifo('p')\n"
            "os.symlink('/etc', 'l'); os.makedirs('closed/in'); os.chmod('closed', 0)\n"
            "for n in range(150): os.mkdir('d'); os.chdir('d')"
        )
        spec = rig.python_spec(program)
        handle = rig.start(spec)
        assert rig.end(handle).exit_code == 0
        rig.engine.remove(handle)
        assert spec.tag not in rig.engine.tags()
        assert Path("/etc/passwd").exists()


@contextmanager
def _listener() -> Iterator[tuple[int, list[object]]]:
    """Something on this machine's loopback, and who called it."""
    called: list[object] = []
    with socket.create_server(("0.0.0.0", 0)) as server:
        server.settimeout(0.1)
        done = threading.Event()

        def take() -> None:
            while not done.is_set():
                try:
                    connection, caller = server.accept()
                except TimeoutError:
                    continue
                connection.close()
                called.append(caller)

        taker = threading.Thread(target=take)
        taker.start()
        try:
            yield server.getsockname()[1], called
        finally:
            done.set()
            taker.join()


def _command_lines() -> Iterator[Path]:
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (line := folder / "cmdline").exists():
            try:
                line.read_bytes()
            except OSError:
                continue
            yield line
