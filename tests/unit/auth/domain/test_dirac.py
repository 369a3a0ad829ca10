"""Which group and setup a DIRAC token is for."""

from typing import Any

import pytest

from services.auth.domain.dirac import (
    Asked,
    GroupNeeded,
    NoSuchSetup,
    NoSuchVo,
    NotInGroup,
    PropertyNotAllowed,
    SetupNeeded,
    Standing,
    asked_of,
    claims_of,
    stand,
)
from services.auth.domain.people import Group, Person, PersonState

pytestmark = pytest.mark.clause("dirac 1.7")

USER = Group(name="vo_user", vo="vo", properties=("NormalUser", "StageAllowed"))
ADMIN = Group(name="vo_admin", vo="vo", properties=("JobAdministrator",))
OTHER = Group(name="other_user", vo="other", properties=("NormalUser",))
ONE = ("Production",)
ALICE = Person(
    id="a" * 32,
    username="alice",
    display_name="Alice",
    email=None,
    state=PersonState.ACTIVE,
    is_admin=False,
    version=1,
    created_at=0.0,
)


@pytest.mark.parametrize(
    ("scopes", "parameters", "asked"),
    [
        ((), {}, Asked()),
        (("openid", "job:read"), {}, Asked()),
        (("vo:v", "group:g", "setup:S"), {}, Asked(vo="v", group="g", setup="S")),
        (
            ("property:B", "property:A", "property:B"),
            {"group": "h", "setup": "T"},
            Asked(group="h", setup="T", properties=("B", "A")),
        ),
        (("group:g", "group:h", "setup:S"), {"group": "k", "setup": "T"}, Asked(group="k", setup="T")),
    ],
)
def test_what_scopes_and_parameters_ask_for(scopes: Any, parameters: Any, asked: Asked) -> None:
    assert asked_of(scopes, **parameters) == asked


def test_one_group_and_one_setup_need_no_word() -> None:
    found = stand(Asked(), [USER], ONE)
    assert found == Standing(group=USER, properties=USER.properties, setup="Production")
    assert found.scopes == ("vo:vo", "group:vo_user")
    assert found.as_details() == {
        "vo": "vo",
        "group": "vo_user",
        "setup": "Production",
        "properties": ["NormalUser", "StageAllowed"],
    }


def test_a_vo_chooses_among_groups() -> None:
    assert stand(Asked(vo="other"), [USER, OTHER], ONE).group is OTHER
    assert stand(Asked(group="other_user"), [USER, OTHER], ONE).group is OTHER


def test_fewer_properties_may_be_asked_for() -> None:
    assert stand(Asked(properties=("StageAllowed",)), [USER], ONE).properties == ("StageAllowed",)


@pytest.mark.parametrize(
    ("asked", "groups", "setups", "error"),
    [
        (Asked(), [], ONE, GroupNeeded),
        (Asked(), [USER, ADMIN], ONE, GroupNeeded),
        (Asked(vo="vo"), [USER, ADMIN], ONE, GroupNeeded),
        (Asked(vo="nope"), [USER], ONE, NoSuchVo),
        (Asked(vo="nope"), [], ONE, GroupNeeded),
        (Asked(group="other_user"), [USER], ONE, NotInGroup),
        (Asked(group="no_such"), [], ONE, NotInGroup),
        (Asked(group="vo_user", vo="other"), [USER, OTHER], ONE, NoSuchVo),
        (Asked(properties=("JobAdministrator",)), [USER], ONE, PropertyNotAllowed),
        (Asked(), [USER], ("A", "B"), SetupNeeded),
        (Asked(setup="C"), [USER], ("A", "B"), NoSuchSetup),
        (Asked(setup="production"), [USER], ONE, NoSuchSetup),
        # The order of the contract: a missing group before a missing setup before a foreign group.
        (Asked(), [USER, ADMIN], ("A", "B"), GroupNeeded),
        (Asked(group="nope"), [USER], ("A", "B"), SetupNeeded),
        (Asked(group="nope", setup="C"), [USER], ("A", "B"), NotInGroup),
    ],
)
def test_what_cannot_be_had(asked: Asked, groups: Any, setups: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        stand(asked, groups, setups)


def test_the_choices_named_are_the_persons_own() -> None:
    with pytest.raises(GroupNeeded) as needed:
        stand(Asked(), [USER, ADMIN], ONE)
    assert needed.value.choices == ("vo_user", "vo_admin")
    with pytest.raises(NotInGroup) as refused:
        stand(Asked(group="other_user"), [USER], ONE)
    assert refused.value.choices == ("vo_user",)


def test_the_claims_of_a_token() -> None:
    details = stand(Asked(), [USER], ONE).as_details()
    assert claims_of(details, ALICE) == {
        "vo": "vo",
        "dirac_group": "vo_user",
        "dirac_properties": ["NormalUser", "StageAllowed"],
        "dirac_policies": {},
        "setup": "Production",
        "preferred_username": "alice",
    }
    assert "preferred_username" not in claims_of(details, None)
    assert claims_of({"amr": ["pwd"]}, ALICE) == {}
