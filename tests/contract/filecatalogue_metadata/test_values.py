"""Setting, reading, declaring (contract 3.5, 3.6)."""

from collections.abc import Callable

import pytest

from services.catalogue.domain.files.entries import NewFile
from services.catalogue.domain.files.errors import (
    Conflict,
    InvalidCondition,
    InvalidValue,
    NotPermitted,
    NotThere,
)
from services.catalogue.domain.files.fields import Field, FieldType, Level, Origin
from tests.contract.filecatalogue_metadata.conftest import ALICE, CHIEF, MALLORY, World

pytestmark = pytest.mark.clause("dirac 3.5", "dirac 3.6")

ENERGY = Field("energy", FieldType.INT, Level.DIRECTORY)


def test_values_are_inherited_and_parameters_are_not(world: World) -> None:
    world.make("/vo/prod/run1")
    world.fields.declare(CHIEF, ENERGY)
    world.metadata.set_directory(ALICE, "/vo/prod", {"energy": 250, "comment": "first"})
    own = world.metadata.of_directory(ALICE, "/vo/prod")
    assert own.values == {"comment": "first", "energy": 250}
    assert own.origins == {"comment": Origin.PARAMETER, "energy": Origin.OWN}
    assert world.metadata.of_directory(ALICE, "/vo/prod/run1").values == {}
    below = world.metadata.of_directory(ALICE, "/vo/prod/run1/", inherited=True)
    assert (below.values, below.origins) == ({"energy": 250}, {"energy": Origin.PARENT})


@pytest.mark.parametrize(("first", "second"), [("/vo/p", "/vo/p/a/b"), ("/vo/p/a/b", "/vo/p")])
def test_nothing_is_redefined_below_or_above(world: World, first: str, second: str) -> None:
    world.make("/vo/p/a/b", "/vo/q")
    world.fields.declare(CHIEF, ENERGY)
    world.metadata.set_directory(ALICE, first, {"energy": 1})
    with pytest.raises(Conflict, match=first):
        world.metadata.set_directory(ALICE, second, {"energy": 1, "comment": "lost"})
    assert world.metadata.of_directory(ALICE, second).values == {}
    world.metadata.set_directory(ALICE, first, {"energy": 2})
    world.metadata.set_directory(ALICE, "/vo/q", {"energy": 3})
    world.metadata.unset_directory(ALICE, first, ["energy"])
    assert world.metadata.set_directory(ALICE, second, {"energy": 4}).values == {"energy": 4}


def test_parameters_become_values_when_their_name_is_declared(world: World) -> None:
    world.make("/vo/a", "/vo/b", "/evil/a", maker=MALLORY)
    for path, value in (("/vo/a", "250"), ("/vo/b", 100)):
        world.metadata.set_directory(CHIEF, path, {"energy": value})
    world.metadata.set_directory(MALLORY, "/evil/a", {"energy": "not yours"})
    assert world.fields.declare(CHIEF, ENERGY)
    assert not world.fields.declare(CHIEF, ENERGY)
    assert world.paths("/", ("energy", ">|200")) == ["/vo/a"]
    assert world.metadata.of_directory(MALLORY, "/evil/a").values == {"energy": "not yours"}
    with pytest.raises(Conflict, match="int"):
        world.fields.declare(CHIEF, Field("energy", FieldType.FLOAT, Level.DIRECTORY))
    world.fields.undeclare(CHIEF, "energy")
    assert world.metadata.of_directory(ALICE, "/vo/a").values == {}
    with pytest.raises(NotThere):
        world.fields.undeclare(CHIEF, "energy")


@pytest.mark.parametrize(
    ("setting", "field"),
    [
        (lambda w: w.metadata.set_directory(ALICE, "/vo/p/a", {"energy": "much"}), ENERGY),
        (
            lambda w: [w.metadata.set_directory(ALICE, at, {"energy": 1}) for at in ("/vo/p", "/vo/p/a")],
            ENERGY,
        ),
        (
            lambda w: w.metadata.set_directory(ALICE, "/vo/p", {"energy": 1}),
            Field("energy", FieldType.INT, Level.FILE),
        ),
    ],
)
def test_a_declaration_that_does_not_fit_changes_nothing(
    world: World, setting: Callable[[World], object], field: Field
) -> None:
    world.make("/vo/p/a")
    setting(world)
    before = [world.metadata.of_directory(ALICE, path) for path in ("/vo/p", "/vo/p/a")]
    with pytest.raises(Conflict):
        world.fields.declare(CHIEF, field)
    assert world.fields.all(ALICE) == {}
    assert [world.metadata.of_directory(ALICE, path) for path in ("/vo/p", "/vo/p/a")] == before


def test_files_have_their_own_and_their_directories(world: World) -> None:
    world.make("/vo/p")
    world.fields.declare(CHIEF, ENERGY)
    world.fields.declare(CHIEF, Field("run", FieldType.INT, Level.FILE))
    world.metadata.set_directory(ALICE, "/vo/p", {"energy": 5})
    typed = world.metadata.checker(ALICE)({"run": "11414", "comment": "free text"})
    assert typed == {"run": 11414, "comment": "free text"}
    world.tree.add_files([NewFile(lfn="/vo/p/f", size=1)], ALICE, 1.0)
    assert world.metadata.set_file(ALICE, "/vo/p/f", typed).values == typed
    assert world.metadata.of_file(ALICE, "/vo/p/f", inherited=True).values == {**typed, "energy": 5}
    for wrong in ({"energy": 1}, {"run": 1, "energy": 2}):
        with pytest.raises(Conflict):
            world.metadata.set_file(ALICE, "/vo/p/f", wrong)
        with pytest.raises(Conflict):
            world.metadata.checker(ALICE)(wrong)
    with pytest.raises(Conflict):
        world.metadata.set_directory(ALICE, "/vo/p", {"run": 1})
    with pytest.raises(NotThere):
        world.metadata.unset_file(ALICE, "/vo/p/f", ["run", "energy"])
    assert world.metadata.unset_file(ALICE, "/vo/p/f", ["run"]).values == {"comment": "free text"}
    with pytest.raises(NotThere):
        world.metadata.of_file(ALICE, "/vo/p/g")


@pytest.mark.parametrize(
    ("type_", "value", "kept"),
    [
        (FieldType.INT, 2**63 - 1, 2**63 - 1),
        (FieldType.INT, "1e3", 1000),
        (FieldType.FLOAT, 4, 4.0),
        (FieldType.FLOAT, "-4.25", -4.25),
        (FieldType.STRING, 12, "12"),
        (FieldType.STRING, " Ω\U0001f600 ", " Ω\U0001f600 "),
        (FieldType.DATE, "2014-02-25", "2014-02-25 00:00:00"),
        (FieldType.DATE, "2014-02-25T12:10:46", "2014-02-25 12:10:46"),
    ],
)
def test_values_are_of_the_declared_type(world: World, type_: FieldType, value: object, kept: object) -> None:
    world.make("/vo/p")
    world.fields.declare(CHIEF, Field("x", type_, Level.DIRECTORY))
    known = world.metadata.set_directory(ALICE, "/vo/p", {"x": value}).values["x"]
    assert (known, type(known)) == (kept, type(kept))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        (FieldType.INT, 4.5), (FieldType.INT, 2**63), (FieldType.INT, True), (FieldType.INT, "0x1"),
        (FieldType.INT, 10**400), (FieldType.STRING, 10**400),
        (FieldType.FLOAT, float("nan")), (FieldType.FLOAT, "1e999"),
        (FieldType.FLOAT, "inf"), (FieldType.STRING, None), (FieldType.STRING, "a\0b"),
        (FieldType.STRING, "\ud800"), (FieldType.STRING, "x" * 2049), (FieldType.STRING, ["a"]),
        (FieldType.DATE, "2014-02-30"), (FieldType.DATE, "yesterday"), (FieldType.DATE, 2014),
        (FieldType.METASET, "other"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(world: World, type_: FieldType, value: object) -> None:
    world.make("/vo/p")
    world.fields.declare(CHIEF, Field("x", type_, Level.DIRECTORY))
    with pytest.raises(InvalidValue, match="x"):
        world.metadata.set_directory(ALICE, "/vo/p", {"x": value})


@pytest.mark.parametrize("name", ["", " a", "a|b", "a\nb", "n" * 129, "\ud800"])
def test_names_that_are_none(world: World, name: str) -> None:
    world.make("/vo/p")
    with pytest.raises(InvalidValue):
        world.metadata.set_directory(ALICE, "/vo/p", {name: 1})
    with pytest.raises(InvalidValue):
        world.fields.declare(CHIEF, Field(name, FieldType.INT, Level.FILE))


def test_only_who_manages_declares_and_nobody_what_every_file_has(world: World) -> None:
    for forbidden in (
        lambda: world.fields.declare(ALICE, ENERGY),
        lambda: world.fields.undeclare(ALICE, "energy"),
        lambda: world.fields.put_metaset(ALICE, "set", {"energy": 1}),
        lambda: world.fields.remove_metaset(ALICE, "set"),
    ):
        with pytest.raises(NotPermitted):
            forbidden()
    with pytest.raises(Conflict):
        world.fields.declare(CHIEF, Field("Size", FieldType.INT, Level.FILE))


def test_metasets_nest_and_never_hold_themselves(world: World) -> None:
    world.make("/vo/a", "/vo/b")
    world.fields.declare(CHIEF, ENERGY)
    world.fields.declare(CHIEF, Field("bundle", FieldType.METASET, Level.DIRECTORY))
    world.metadata.set_directory(ALICE, "/vo/a", {"energy": 250})
    world.metadata.set_directory(ALICE, "/vo/b", {"energy": 1000})
    assert world.fields.put_metaset(CHIEF, "high", {"energy": {">=": 200}})
    assert world.fields.put_metaset(CHIEF, "mid", {"bundle": "high", "energy": "<|500"})
    assert not world.fields.put_metaset(CHIEF, "mid", {"bundle": "high", "energy": "<|600"})
    assert world.paths("/", ("bundle", "=|high")) == ["/vo/a", "/vo/b"]
    assert world.paths("/", ("bundle", "=|mid")) == ["/vo/a"]
    assert world.fields.metaset(ALICE, "mid", expand=True) == {"energy": {">=": 200, "<": "600"}}
    for contents in ({"bundle": "mid"}, {"energy": "high"}, {"nothing": 1}, {}, {"energy": {"~": 1}}):
        with pytest.raises(InvalidCondition):
            world.fields.put_metaset(CHIEF, "high", contents)
    world.fields.remove_metaset(CHIEF, "high")
    with pytest.raises(InvalidCondition, match="high"):
        world.paths("/", ("bundle", "=|mid"))
    with pytest.raises(NotThere):
        world.fields.metaset(ALICE, "high")
    assert world.fields.metasets(MALLORY) == {}


def test_the_root_and_other_vos(world: World) -> None:
    world.make("/vo/p", "/evil/p")
    assert world.metadata.of_directory(ALICE, "/").values == {}
    with pytest.raises(NotPermitted):
        world.metadata.set_directory(CHIEF, "/", {"a": 1})
    for path in ("/evil/p", "/vo/none"):
        with pytest.raises(NotThere):
            world.metadata.of_directory(ALICE, path)
        with pytest.raises(NotThere):
            world.metadata.set_directory(CHIEF, path, {"a": 1})
