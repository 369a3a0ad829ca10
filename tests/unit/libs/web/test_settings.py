"""Settings: every problem at once, no value in any of them, secrets that do not show themselves."""

import copy
import json
import pickle
from pathlib import Path

import pytest

from libs.web.settings import BadSettings, Env, Secret


def test_all_problems_are_raised_at_once_and_none_holds_a_value() -> None:
    env = Env({"PORT": "hunter2", "ON": "hunter2", "MAP": "{hunter2", "MODE": "hunter2", "RATE": "hunter2"})
    env.text("NAME")
    env.int("PORT")
    env.bool("ON")
    env.json("MAP")
    env.choice("MODE", ("a", "b"), "a")
    env.float("RATE")
    env.secret("KEY")
    env.problem("PORT and NAME do not go together.")
    with pytest.raises(BadSettings) as caught:
        env.check()
    named = ["NAME", "PORT", "ON", "MAP", "MODE", "RATE", "KEY", "PORT"]
    assert [problem.split()[0] for problem in caught.value.problems] == named
    assert "hunter2" not in str(caught.value)


def test_values_are_typed() -> None:
    env = Env({"A": " text ", "B": "12", "C": "1.5", "D": "Yes", "E": '{"x": 1}', "F": "off", "G": "b"})
    assert (env.text("A"), env.int("B"), env.float("C"), env.bool("D")) == ("text", 12, 1.5, True)
    assert (env.json("E"), env.bool("F", True), env.choice("G", ("a", "b"), "a")) == ({"x": 1}, False, "b")
    env.check()


def test_defaults_stand_in_for_unset_and_for_empty() -> None:
    env = Env({"EMPTY": "  "})
    assert env.text("EMPTY", "x") == "x"
    assert env.int("EMPTY", 3) == 3
    assert env.bool("EMPTY", True) is True
    assert env.json("EMPTY", {}) == {}
    assert env.optional("EMPTY") is None
    assert env.list("EMPTY") == ()
    assert env.float("EMPTY", 0.5) == 0.5
    env.check()


@pytest.mark.parametrize("value", ["-1", "11", "1.5", "0x10", "1e3", "NaN"])
def test_numbers_stay_in_their_range(value: str) -> None:
    env = Env({"N": value})
    env.int("N", most=10)
    assert env.problems


@pytest.mark.parametrize("value", ["nan", "inf", "-0.5", "1_x"])
def test_floats_are_finite(value: str) -> None:
    env = Env({"N": value})
    env.float("N")
    assert env.problems


@pytest.mark.parametrize(
    ("value", "items"), [("a, b,,c ", ("a", "b", "c")), ('["a", "b"]', ("a", "b")), ("[]", ())]
)
def test_lists_are_comma_or_json(value: str, items: tuple[str, ...]) -> None:
    env = Env({"L": value})
    assert env.list("L") == items
    env.check()


@pytest.mark.parametrize("value", ["[1]", "[oops"])
def test_lists_hold_texts_only(value: str) -> None:
    env = Env({"L": value})
    assert env.list("L") == ()
    assert env.problems


def test_the_first_spelling_that_is_set_counts() -> None:
    assert Env({"OLD": "o", "NEW": ""}).first("NEW", "OLD") == "o"
    assert Env({}).first("NEW", "OLD") is None


def test_secrets_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n")
    env = Env({"A": "from env", "B_FILE": str(tmp_path / "key"), "C_FILE": str(tmp_path / "missing")})
    assert env.secret("A").reveal() == "from env"
    assert env.secret("B").reveal() == "from file"
    assert env.optional_secret("D") is None
    env.check()
    env.secret("C")
    assert env.problems == ["C_FILE names a file that cannot be read."]


def test_a_binary_secret_file_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"\xff\xfe")
    env = Env({"A_FILE": str(tmp_path / "key")})
    env.secret("A")
    assert len(env.problems) == 1


def test_json_may_come_from_a_file_too(tmp_path: Path) -> None:
    (tmp_path / "clients").write_text('{"provider": "x"}')
    assert Env({"CLIENTS_FILE": str(tmp_path / "clients")}).json("CLIENTS") == {"provider": "x"}


def test_a_secret_does_not_show_itself() -> None:
    secret = Secret("hunter2")
    for shown in (str(secret), repr(secret), f"{secret}", f"{secret!r:>20}", f"{[secret]}", "%s" % secret):  # noqa: UP031
        assert "hunter2" not in shown
    for serialise in (pickle.dumps, copy.deepcopy, json.dumps):
        with pytest.raises(TypeError):
            serialise(secret)  # type: ignore[operator]
    assert secret == Secret("hunter2")
    assert secret != Secret("other")
    assert secret != "hunter2"
    assert len({secret, Secret("hunter2")}) == 1
