"""A command line as a job document."""

import json
from pathlib import Path
from typing import Any

import pytest

from libs.client import parser
from libs.client.commands import COMMANDS
from libs.client.documents import BadWords, job_of


def document(*words: str) -> dict[str, Any]:
    return job_of(parser.build(COMMANDS).parse_args(["submit", *words]))


def test_options_and_command() -> None:
    made = document(
        *("-e", "small", "-i", "python:3.12", "-n", "trial", "-l", "a=b=c", "-v", "N=3", "-o", "results/**"),
        *("--cpus", "2", "--memory", "1 GiB", "--time", "15m", "--attempts", "3", "--", "python", "-c", "1"),
    )
    assert made == {
        "environment": "small",
        "image": "python:3.12",
        "name": "trial",
        "labels": {"a": "b=c"},
        "variables": {"N": "3"},
        "outputs": ["results/**"],
        "resources": {"cpus": 2.0, "memory": "1 GiB"},
        "timeouts": {"run": 900.0},
        "retry": {"attempts": 3},
        "command": ["python", "-c", "1"],
    }


def test_options_lie_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "job.json"
    file.write_text(json.dumps({"name": "old", "command": ["a"], "labels": {"x": "1"}, "image": "python:3"}))
    made = document("-s", str(file), "-n", "new", "-l", "y=2")
    assert made == {"name": "new", "command": ["a"], "labels": {"x": "1", "y": "2"}, "image": "python:3"}


def test_files_go_as_text_where_they_are_text(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print('ä')\n")
    (tmp_path / "b.bin").write_bytes(b"\xff\x00")
    (tmp_path / "run").write_text("#!/bin/sh\n")
    (tmp_path / "run").chmod(0o755)
    words = [f"-f{tmp_path}/a.py:src/main.py", f"-f{tmp_path}/b.bin", f"-f{tmp_path}/run"]
    assert document(*words, "--", "x")["inputs"] == [
        {"path": "src/main.py", "text": "print('ä')\n"},
        {"path": "b.bin", "base64": "/wA="},
        {"path": "run", "executable": True, "text": "#!/bin/sh\n"},
    ]


@pytest.mark.parametrize("words", [(), ("-l", "x", "--", "a"), ("-v", "y", "--", "a")])
def test_what_cannot_be_understood_is_said(words: tuple[str, ...]) -> None:
    with pytest.raises(BadWords):
        document(*words)


@pytest.mark.parametrize("text", ["{", "[]", '"x"'])
def test_a_job_file_holds_an_object(tmp_path: Path, text: str) -> None:
    file = tmp_path / "job.json"
    file.write_text(text)
    with pytest.raises(BadWords):
        document("-s", str(file))
