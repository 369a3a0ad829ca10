"""OpenPAI contract 3: names, passwords, and who changes whom."""

import pytest

from services.auth.domain.errors import AuthError
from services.auth.domain.openpai import (
    LEAST_SECONDS,
    MOST_SECONDS,
    USERNAME,
    USUAL_SECONDS,
    RemoveRefused,
    UpdateRefused,
    UserUpdate,
    is_too_short,
)

pytestmark = pytest.mark.clause("openpai 3.1", "openpai 3.3", "openpai 3.4")


@pytest.mark.parametrize("name", ["a", "A_9", "_", "0", "a" * 64])
def test_names_of_new_users(name: str) -> None:
    assert USERNAME.fullmatch(name)


@pytest.mark.parametrize(
    "name",
    ["", "a" * 65, "a-b", "a.b", "a b", "a\n", "\0", "../a", "a/b", "a@b", "\u00e9", "\u0661", "\u0430dmin"],
    ids=ascii,
)
def test_what_is_no_name_for_a_new_user(name: str) -> None:
    assert USERNAME.fullmatch(name) is None


@pytest.mark.parametrize(
    ("password", "short"),
    [
        ("", True),
        ("12345", True),
        ("123456", False),
        ("\u00e9" * 5, True),
        ("\u00e9" * 6, False),
        (" " * 6, False),
    ],
    ids=ascii,
)
def test_a_password_has_six_characters(password: str, short: bool) -> None:
    assert is_too_short(password) is short


@pytest.mark.parametrize(
    ("update", "own"),
    [
        (UserUpdate(username="ana", password="secret1", modify=True), True),
        (UserUpdate(username="ana", password="secret1", modify=True, is_admin=False), True),
        (UserUpdate(username="ana", password="secret1", modify=True, is_admin=True), False),
        (UserUpdate(username="ana", password="secret1", modify=False), False),
        (UserUpdate(username="ana", password="secret1"), False),
        (UserUpdate(username="Ana", password="secret1", modify=True), False),
        (UserUpdate(username="ana ", password="secret1", modify=True), False),
        (UserUpdate(username="", password="secret1", modify=True), False),
        (UserUpdate(username="root", password="secret1", modify=True), False),
    ],
    ids=["own", "no-admin", "admin", "creates", "unsaid", "case", "blank", "nobody", "another"],
)
def test_only_a_change_of_one_s_own_password_is_one_s_own(update: UserUpdate, own: bool) -> None:
    assert update.is_own("ana") is own


def test_a_password_is_never_printed() -> None:
    assert "secret1" not in repr(UserUpdate(username="ana", password="secret1", modify=True))


def test_a_token_lasts_a_minute_to_a_week_and_usually_a_day() -> None:
    assert (LEAST_SECONDS, USUAL_SECONDS, MOST_SECONDS) == (60, 24 * 3600, 7 * 24 * 3600)


@pytest.mark.parametrize("exists", [True, False])
def test_a_refused_update_says_why_and_whether_the_user_exists(exists: bool) -> None:
    error = UpdateRefused("the user exists", exists=exists)
    assert (str(error), error.reason, error.exists) == ("the user exists", "the user exists", exists)
    assert isinstance(error, AuthError)


def test_a_refused_removal_says_whether_it_was_an_administrator() -> None:
    missing, admin = RemoveRefused("no such user"), RemoveRefused("an administrator", is_admin=True)
    assert (str(missing), missing.reason, missing.is_admin) == ("no such user", "no such user", False)
    assert (str(admin), admin.reason, admin.is_admin) == ("an administrator", "an administrator", True)
    assert isinstance(admin, AuthError)
