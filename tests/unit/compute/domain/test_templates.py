"""Specs with `$names`: where values come to, and where nothing is touched."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.spec import Folder, Input, Output, Role, Source, Spec, Take, Task
from services.compute.domain.templates import ADDRESSES, fill, fill_text

TASK = Task(
    command=("run", "$x", "${x}y", "$z", "$$x"),
    environment={"$x": "$x", "B": "b"},
    working_folder="/w/$x",
    tee="/w/$x.log",
)
SPEC = Spec(
    environment="$x",
    roles=(Role(tasks=(TASK, Task(command=("$x",)))), Role(name="sidecar-1", tasks=(TASK,), sidecar=True)),
    folders=(Folder(path="/w", writable=True),),
    outputs=(
        Output(folder="/w", pattern="$x/*"),
        Output(folder="/w", pattern="a", name="$x.tgz", take=Take.FIRST),
    ),
)
VALUES: dict[str, Any] = {"x": "a b"}


def test_every_place_is_filled() -> None:
    filled = fill(SPEC, VALUES)
    task = filled.roles[0].tasks[0]
    assert task.command == ("run", "a b", "a by", "$z", "$x")
    assert task.environment == {"$x": "a b", "B": "b"}
    assert (task.working_folder, task.tee) == ("/w/a b", "/w/a b.log")
    assert filled.roles[0].tasks[1] == Task(command=("a b",))
    assert filled.roles[1].tasks[0] == task
    assert [(output.pattern, output.name) for output in filled.outputs] == [("a b/*", None), ("a", "a b.tgz")]
    assert (filled.environment, filled.folders) == ("$x", SPEC.folders)


@pytest.mark.parametrize("source", list(Source))
def test_inputs_that_are_addresses_are_filled(source: Source) -> None:
    given = Input(source=source, path="/w/$x", value="v/$x", label="$x")
    filled = fill(replace(SPEC, inputs=(given,)), {"x": 7}).inputs[0]
    wanted = ("/w/7", "v/7") if source in ADDRESSES else ("/w/$x", "v/$x")
    assert (filled.path, filled.value) == wanted
    fixed = (Source.INLINE, Source.GRANT, Source.STORAGE)  # of storage no workflow may speak
    assert (source in ADDRESSES) is (source not in fixed)


def test_what_a_value_holds_is_not_read_again() -> None:
    assert fill_text("$x $y", {"x": "$y", "y": "$x $$"}) == "$y $x $$"


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("", ""),
        ("plain", "plain"),
        ("$", "$"),
        ("100$ $x", "100$ 1"),
        ("$1 ${", "$1 ${"),
        ("$xy", "$xy"),
        ("${x}", "1"),
    ],
)
def test_texts(text: str, filled: str) -> None:
    assert fill_text(text, {"x": "1"}) == filled


def test_numbers_are_written_as_in_commands() -> None:
    assert fill(SPEC, {"x": 2.0}).roles[0].tasks[0].command[1] == "2"


def test_without_values_only_dollars_collapse() -> None:
    assert fill(SPEC, {}).roles[0].tasks[0].command == ("run", "$x", "${x}y", "$z", "$x")
