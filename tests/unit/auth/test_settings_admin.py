"""The settings of the first administrator."""

import pytest

from libs.web.settings import Env
from services.auth.settings_admin import FirstAdmin, first_admin

pytestmark = pytest.mark.clause("openpai 3.6")


def read(**environ: str) -> tuple[FirstAdmin | None, list[str]]:
    env = Env(environ)
    return first_admin(env), env.problems


def test_none_is_made_without_settings() -> None:
    assert read() == (None, [])


@pytest.mark.parametrize(
    ("name", "password"),
    [
        ("AUTH_ADMIN_USERNAME", "AUTH_ADMIN_PASSWORD"),
        ("LOWDB_ADMIN", "LOWDB_PASSWD"),
        ("DEFAULT_PAI_ADMIN_USERNAME", "DEFAULT_PAI_ADMIN_PASSWORD"),
    ],
)
def test_ours_and_openpai_s_names(name: str, password: str) -> None:
    found, problems = read(**{name: "root", password: "correct horse"})
    assert found is not None
    assert (found.username, found.password.reveal(), problems) == ("root", "correct horse", [])
    assert "correct horse" not in repr(found)
    assert read(**{name: "root"})[1] == [f"{password} must be set when {name} is."]
    alone, _ = read(**{password: "correct horse"})
    assert alone is not None
    assert alone.username == "admin"
    for bad in ({name: "a b", password: "correct horse"}, {name: "root", password: "12345"}):
        assert len(read(**bad)[1]) == 1


def test_ours_come_first() -> None:
    found, _ = read(AUTH_ADMIN_PASSWORD="correct horse", LOWDB_ADMIN="other", LOWDB_PASSWD="another one")
    assert found is not None
    assert (found.username, found.password.reveal()) == ("admin", "correct horse")


@pytest.mark.parametrize("password", ["admin-password", "pai-secret"])
def test_published_passwords_are_for_development_only(password: str) -> None:
    problems = read(AUTH_ADMIN_PASSWORD=password)[1]
    assert problems == ["AUTH_ADMIN_PASSWORD is a password that OpenPAI published: choose another one."]
    assert read(AUTH_ADMIN_PASSWORD=password, TIDEGATE_ENV="production")[1] == problems
    assert read(AUTH_ADMIN_PASSWORD=password, TIDEGATE_ENV="development")[1] == []
