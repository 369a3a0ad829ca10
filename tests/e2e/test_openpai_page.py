"""The commands that docs/dialects/openpai.md shows, run as they stand there."""

import re
from pathlib import Path

import pytest

from scripts.stack.config import REPO
from tests.e2e.openpai_line import User, new_user
from tests.stack import Stack

pytestmark = pytest.mark.clause("openpai 9")

PAGE = (REPO / "docs" / "dialects" / "openpai.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
GATEWAY = "http://127.0.0.1:8030"
SECONDS = 240
FIRST = "A job"
RUN = (FIRST, "One generation later", "Several roles")


@pytest.fixture
def user(stack: Stack, tmp_path: Path, request: pytest.FixtureRequest) -> User:
    return new_user(stack, tmp_path / "home", f"pai_page_{request.node.name}"[:64], "pagesecret")


def commands(section: str) -> str:
    return "".join(BLOCK.findall(dict(SECTION.findall(PAGE))[section])).replace(GATEWAY, "$GATEWAY")


def printed(user: User, *sections: str) -> str:
    """By one shell that stops at the first command that fails; curl fails with what it asked for."""
    text = 'curl() { command curl --fail-with-body "$@" && echo; }\n' + "".join(map(commands, sections))
    given = {"GATEWAY": user.stack.gateway, "PAI_USER": user.name, "PAI_PASSWORD": "pagesecret"}
    done = user.shell(text, given, SECONDS)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    return done.stdout


def test_a_job(user: User) -> None:
    text = printed(user, "A job")
    assert '{"message":"update job exampleJob successfully"}' in text
    assert "\n42\ntask 0 of 1\n" in text
    assert text.rstrip().endswith('{"message":"deleted job exampleJob successfully"}')


def test_one_generation_later(user: User) -> None:
    text = printed(user, FIRST, "One generation later")
    later = text.partition("deleted job exampleJob")[2]
    assert '{"message":"update job exampleJob successfully"}' in later
    assert '{"message":"execute job exampleJob successfully"}' in later
    assert f'"name":"{user.name}~exampleJob"' in later
    assert '"default":{' in later


def test_several_roles(user: User) -> None:
    text = printed(user, FIRST, "Several roles")
    assert re.search(r"\n1\n\d+\.\d+\.\d+\.\d+:\d+,\d+\.\d+\.\d+\.\d+:\d+\n", text), text[-2000:]


def test_every_command_of_the_page_is_run() -> None:
    assert all(commands(section) for section in RUN)
    rest = [text for name, text in SECTION.findall(PAGE) if name not in RUN]
    assert not [block for text in [*rest, PAGE.partition("\n## ")[0]] for block in BLOCK.findall(text)]
