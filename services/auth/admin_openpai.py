"""Take over the users of an OpenPAI server: its file `{name: {"passwd", "admin"}}` (OpenPAI contract 3.2)."""

from argparse import Namespace
from pathlib import Path
from typing import Any

from libs.web.params import BadParams
from libs.web.strict_json import Json, parse_json
from services.auth.adapters.argon2 import imported
from services.auth.admin_desk import Desk, Mistake
from services.auth.domain.authority import OPERATOR
from services.auth.domain.people import BadName, NameTaken
from services.auth.usecases.people import NewPerson

MOST_BYTES = 64 * 1024 * 1024


def import_openpai(desk: Desk, options: Namespace) -> Any:
    """Everybody in the file that has no account yet; passwords go on to count, and are hashed anew when used.

    May be run again: names that are taken are left alone, and told.
    """
    return [
        {"username": name, "result": _taken_over(desk, name, entry)}
        for name, entry in sorted(_users(options.file).items())
    ]


def _users(path: str) -> dict[str, Json]:
    try:
        data = Path(path).read_bytes()[: MOST_BYTES + 1]
        users = parse_json(data)
    except OSError as error:
        raise Mistake(f"The file cannot be read: {error.strerror}.") from None
    except BadParams as error:
        raise Mistake(f"The file is no JSON: {error.message}") from None
    if len(data) > MOST_BYTES or not isinstance(users, dict):
        raise Mistake("The file is no user file of OpenPAI.")
    return users


def _taken_over(desk: Desk, name: str, entry: Json) -> str:
    passwd = entry.get("passwd") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(passwd, str):
        return "refused: no user"
    try:
        new = NewPerson(
            username=name, password_hash=imported(name, passwd), is_admin=entry.get("admin") is True
        )
        desk.administration.accounts.create(OPERATOR, new)
    except ValueError:
        return "refused: not a password hash of OpenPAI"
    except BadName:
        return "refused: not a name that people may have"
    except NameTaken:
        return "left: the name is taken"
    return "made"
