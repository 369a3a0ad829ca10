"""The programs that work off slices, run as they are, without a sandbox: what they are told in, what they say
out.
"""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.compute.domain.slices import Piece, SliceState
from services.compute.slicework.protocol import End, Over, batch_of, told
from services.compute.slicework.spec import JAVASCRIPT, PYTHON, Place, Work, files

SECONDS = 120


class Said:
    """What became of each slice."""

    def __init__(self, found: Sequence[Over], ends: int, output: str) -> None:
        self.found = found
        self.output = output
        self.ends = ends  # of batches
        self.by_number = {over.result.number: over.result for over in found}

    @property
    def values(self) -> list[Any]:
        """By number; None for those that failed."""
        bodies = [self.by_number[number] for number in sorted(self.by_number)]
        return [json.loads(one.body) if one.state is SliceState.DONE else None for one in bodies]

    @property
    def notes(self) -> list[str]:
        return [self.by_number[number].note for number in sorted(self.by_number)]

    @property
    def errors(self) -> list[dict[str, str]]:
        return [json.loads(one.body) for one in self.by_number.values() if one.state is SliceState.FAILED]

    @property
    def lines(self) -> list[tuple[str, str]]:
        return [(line.level, line.text) for over in self.found for line in over.lines]


def work_off(folder: Path, work: Work, values: Sequence[Any], *, batch: int = 1000, **limits: Any) -> Said:
    """To their end; `limits` are fields of Place."""
    programs, lane = folder / "dcp", folder / "exchange" / "0"
    place = Place(environment="small", image="", **limits)
    for name, text in files(work, place, str(folder / "exchange")).items():
        (programs / name).parent.mkdir(parents=True, exist_ok=True)
        (programs / name).write_text(text)
    (lane / "in").mkdir(parents=True)
    for seq, at in enumerate(range(0, len(values), batch), 1):
        numbered = enumerate(values[at : at + batch], at + 1)
        pieces = [Piece(number, json.dumps(value)) for number, value in numbered]
        (lane / "in" / f"{seq}.jsonl").write_bytes(batch_of(pieces))
    (lane / "stop").touch()
    done = subprocess.run(_command(work.language, programs), check=True, timeout=SECONDS, capture_output=True)
    return _said(lane / "out", done.stdout.decode())


def javascript(folder: Path, source: str, values: Sequence[Any] = (1,), **fields: Any) -> Said:
    return work_off(folder, Work(language=JAVASCRIPT, source=source, **fields), values)


def python(folder: Path, source: str, values: Sequence[Any] = (1,), **fields: Any) -> Said:
    return work_off(folder, Work(language=PYTHON, source=source, **fields), values)


def _command(language: str, programs: Path) -> list[str]:
    if language == PYTHON:
        return [sys.executable, "-I", str(programs / "main.py"), str(programs)]
    node = shutil.which("node")
    assert node is not None
    return [node, str(programs / "main.js"), str(programs)]


def _said(out: Path, output: str) -> Said:
    found, ends = [], 0
    for path in sorted(out.iterdir(), key=lambda path: int(path.stem)):
        for line in path.read_bytes().splitlines():
            said = told(line)
            assert said is not None, line
            if isinstance(said, Over):
                found.append(said)
            ends += isinstance(said, End)
    assert len({over.result.number for over in found}) == len(found)
    return Said(found, ends, output)
