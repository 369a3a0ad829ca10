"""Settings about the first administrator and the audit log."""

from dataclasses import dataclass
from typing import Final

from libs.web.settings import Env, Secret
from services.auth.domain.people import (
    PASSWORD_MAX_BYTES,
    PASSWORD_MIN_CHARS,
    USERNAME,
    BadPassword,
    check_password,
)

# Each pair as a whole: ours, OpenPAI's of the first generation, OpenPAI's of the second (contract 3.6).
_NAMES: Final = (
    ("AUTH_ADMIN_USERNAME", "AUTH_ADMIN_PASSWORD"),
    ("LOWDB_ADMIN", "LOWDB_PASSWD"),
    ("DEFAULT_PAI_ADMIN_USERNAME", "DEFAULT_PAI_ADMIN_PASSWORD"),
)
# Printed in OpenPAI's quick-start files.
_PUBLISHED: Final = frozenset({"admin-password", "pai-secret"})
_DEVELOPMENT: Final = "development"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    """Made at start when nobody administers yet."""

    username: str
    password: Secret


def first_admin(env: Env) -> FirstAdmin | None:
    """None when no password is set. Problems go to `env`."""
    for name, secret in _NAMES:
        username, password = env.optional(name), env.optional_secret(secret)
        if username is None and password is None:
            continue
        if password is None:
            env.problem(f"{secret} must be set when {name} is.")
            return None
        _check(env, name, username or "admin", secret, password.reveal())
        return FirstAdmin(username or "admin", password)
    return None


def _check(env: Env, name: str, username: str, secret: str, password: str) -> None:
    if USERNAME.fullmatch(username) is None:
        env.problem(f"{name} must be a user name.")
    try:
        check_password(password)
    except BadPassword:
        env.problem(
            f"{secret} must have {PASSWORD_MIN_CHARS} characters and up to {PASSWORD_MAX_BYTES} bytes."
        )
    if password in _PUBLISHED and env.optional("TIDEGATE_ENV") != _DEVELOPMENT:
        env.problem(f"{secret} is a password that OpenPAI published: choose another one.")
