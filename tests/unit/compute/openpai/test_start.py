"""The script that a task begins with, run by a real bash."""

import os
import subprocess
from pathlib import Path

import pytest

from services.compute.dialects.openpai.translate.start import SCRIPT

pytestmark = pytest.mark.clause("openpai 7.3")


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "homes" / "w" / "1"
        (folder / "start").write_text(SCRIPT)

    def run(
        self, command: str, *ports: str, code: str = "", name: str = "code", work: str | None = None
    ) -> "subprocess.CompletedProcess[str]":
        (self.folder / "command").write_text(command)
        into = str(self.home / name)
        words = [self.folder / "command", self.home, code, into, into if work is None else work, *ports]
        return subprocess.run(
            ["bash", self.folder / "start", *words],
            env={"PATH": os.environ["PATH"], "TIDEGATE_INDEX": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.mark.parametrize(
    ("command", "code", "out"),
    [
        ("echo hi # a comment at the end", 0, "hi\n"),
        ("exit 7", 7, ""),
        ("false\necho after", 0, "after\n"),
        ("cat <<X\na 'b' \"c\" $((1+1))\nX\n", 0, "a 'b' \"c\" 2\n"),
        ("echo a; exit 3 ;", 3, "a\n"),
        ("nosuchcommand", 127, ""),
        ("true &", 0, ""),
    ],
)
def test_the_command_is_run_whole_and_its_exit_is_the_tasks(
    place: Place, command: str, code: int, out: str
) -> None:
    done = place.run(command)
    assert (done.returncode, done.stdout) == (code, out)


def test_without_code_a_task_starts_in_an_empty_folder_that_it_may_write(place: Place) -> None:
    done = place.run("pwd; ls -A; touch x")
    assert done.stdout == f"{place.home}/code\n"
    assert (place.home / "code" / "x").exists()


def test_code_is_copied_for_each_task_with_all_that_is_in_it(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "src"
    (source / "deep").mkdir(parents=True)
    (source / "train.py").write_text("print(1)")
    (source / ".hidden").write_text("x")
    (source / "deep" / "a b").write_text("x")
    done = place.run("ls -A . deep; echo more >> train.py", code=str(source))
    assert done.stdout.split("\n") == [".:", ".hidden", "deep", "train.py", "", "deep:", "a b", ""]
    assert (source / "train.py").read_text() == "print(1)"


def test_in_v1_code_is_a_folder_below_the_working_folder(place: Place, tmp_path: Path) -> None:
    source = tmp_path / "code"
    source.mkdir()
    (source / "train.py").write_text("")
    done = place.run("ls -A; ls lib", code=str(source), name="lib", work=str(place.home))
    assert done.stdout == "lib\ntrain.py\n"


def test_one_file_of_code_comes_to_the_working_folder(place: Place, tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("x")
    assert place.run("ls -A", code=str(tmp_path / "train.py")).stdout == "train.py\n"


def test_code_that_is_not_there_fails_the_task_and_says_so(place: Place, tmp_path: Path) -> None:
    done = place.run("echo ran", code=str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert "codeDir is not there, or cannot be read." in done.stderr
    assert done.stdout == ""


@pytest.mark.clause("openpai 7.1")
def test_each_task_is_told_its_own_ports(place: Place) -> None:
    ports = ("http", "20000", "1", "1", "ssh", "20010", "1", "1", "my.rpc", "30000", "2", "2")
    done = place.run("env | grep PORT | LC_ALL=C sort", *ports)
    assert done.stdout.splitlines() == [
        "PAI_CONTAINER_HOST_PORT=20001",
        "PAI_CONTAINER_HOST_PORT_LIST=http:20001;ssh:20011;my.rpc:30002,30003;",
        "PAI_CONTAINER_HOST_http_PORT_LIST=20001",
        "PAI_CONTAINER_HOST_my.rpc_PORT_LIST=30002,30003",
        "PAI_CONTAINER_HOST_my_rpc_PORT_LIST=30002,30003",
        "PAI_CONTAINER_HOST_ssh_PORT_LIST=20011",
        "PAI_CONTAINER_SSH_PORT=20011",
        "PAI_CURRENT_CONTAINER_PORT=20001",
    ]


def test_a_fixed_port_is_the_same_for_every_task(place: Place) -> None:
    done = place.run('echo "$PAI_CONTAINER_HOST_web_PORT_LIST"', "web", "8080", "1", "0")
    assert done.stdout == "8080\n"
