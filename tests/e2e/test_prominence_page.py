"""The commands that docs/dialects/prominence.md shows, run as they stand there."""

import os
import re
import subprocess

import pytest

from scripts.stack.config import REPO
from tests.e2e.prominence_line import NEWER
from tests.e2e.prominence_user import User, add_member, signed_in
from tests.stack import Stack

pytestmark = pytest.mark.clause("prominence 7")

PAGE = (REPO / "docs" / "dialects" / "prominence.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "page-eve", "readers"), tmp_path_factory.mktemp("eve"))


def printed(user: User, section: str) -> str:
    """By a shell that stops at the first command that fails."""
    texts = dict(SECTION.findall(PAGE))
    commands = "".join(BLOCK.findall(texts[section]))
    assert "prominence " in commands
    line = user.line
    path = f"{REPO / '.clients' / NEWER / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", commands],
        cwd=user.home,
        env=line.environment(PATH=path),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_a_job(user: User) -> None:
    text = printed(user, "A job")
    assert "\ndone\n" in text
    assert (user.home / "out.txt").read_text() == "42\n"
    assert "\n2\n" in text
    assert user.archive("snapshot.tgz") == {"state": b"1\n"}
    assert text.endswith("Success\nJob removed from queue\n")


def test_a_workflow(user: User) -> None:
    text = printed(user, "A workflow")
    names = re.findall(r"^\d+ +(flow/\S+) ", text, re.MULTILINE)
    assert names == ["flow/prepare", *(f"flow/point/{n}" for n in range(4))]
    assert "\nready\n\n0.3\n\nno 0.3\n" in text
    found = {path.name: path.read_text() for path in user.home.glob("[0-9]*/*.txt")}
    assert found == {f"{x}.txt": f"{x}\n" for x in ("0", "0.1", "0.2", "0.3")}


def test_files_and_keys(user: User) -> None:
    text = printed(user, "Files and keys")
    assert user.archive("data.tgz") == {"data/a.txt": b"1\n", "data/b.txt": b"1\n"}
    assert "/best/x\n0.3\n" in text
    assert "ocean-compute" in text
    assert user("ls").splitlines()[-1].endswith(".tar.gz")  # of --directory


def test_every_command_of_the_page_is_run() -> None:
    """Blocks elsewhere than in these sections hold none but those of signing in."""
    run = ("A job", "A workflow", "Files and keys")
    rest = [text for name, text in SECTION.findall(PAGE) if name not in run]
    assert not [block for text in rest for block in BLOCK.findall(text)]
    assert "prominence " not in "".join(BLOCK.findall(PAGE.partition("\n## ")[0]))
