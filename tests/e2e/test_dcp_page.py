"""The commands that docs/dialects/dcp.md shows, run as they stand there."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from scripts.stack.config import REPO
from tests.e2e.dcp_line import Owner
from tests.stack import Stack

pytestmark = pytest.mark.clause("dcp 8.2")

PAGE = (REPO / "docs" / "dialects" / "dcp.md").read_text()
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
GATEWAY = "http://127.0.0.1:8030"
FIRST = "The first job"
SECONDS = 180


def test_the_first_job(stack: Stack, tmp_path: Path) -> None:
    """By one shell that stops at the first command that fails; the identity is of the page's own making."""
    commands = "".join(BLOCK.findall(dict(SECTION.findall(PAGE))[FIRST]))
    nobody = Owner(stack, tmp_path, "", "")
    path = f"{REPO / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = nobody.shell(commands.replace(GATEWAY, stack.gateway), {"PATH": path}, SECONDS)
    assert done.returncode == 0, f"{done.stdout[-4000:]}\n{done.stderr[-2000:]}"
    answers = documents(done.stdout)
    values = [[row["value"] for row in answer["results"]] for answer in answers if "results" in answer]
    ten = [2 * number for number in range(1, 11)]
    assert values[:2] == [ten, ten]
    assert values[2] in ([], [600])  # the one just added
    assert values[3] == [1, 4, 9, 16, 25]
    statuses = [answer["status"] for answer in answers if "createdTime" in answer]
    assert statuses == ["completed", "finished"]
    (accounts,) = [answer for answer in answers if isinstance(answer, list)]
    assert "default" in {account["name"] for account in accounts}
    assert list(tmp_path.glob("id.keystore"))


def documents(text: str) -> list[Any]:
    """The JSON values that stand one after the other in what was printed, with other words before them."""
    decoder, found = json.JSONDecoder(), []
    at = text.index("{")
    while at < len(text):
        value, at = decoder.raw_decode(text, at)
        found.append(value)
        while at < len(text) and text[at].isspace():
            at += 1
    return found


def test_every_command_of_the_page_is_run() -> None:
    rest = [text for name, text in SECTION.findall(PAGE) if name != FIRST]
    assert not [block for text in [*rest, PAGE.partition("\n## ")[0]] for block in BLOCK.findall(text)]
