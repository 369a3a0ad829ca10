"""`tidegate-admin`, or `python -m services.auth.admin`: administration on the machine itself.

It reads the settings of the service and works on the service's database, whether the service runs or not.
0 when done, 1 with a sentence on stderr when refused, 2 when the settings are wrong. Secrets are asked for at
the terminal, read from stdin or generated; only what this command generated is shown, once.
"""

import argparse
import getpass
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from libs.signing.errors import MalformedAddress
from libs.sql.engine import Database
from libs.sql.errors import SqlError
from libs.sql.migrate import upgrade
from libs.web.settings import BadSettings
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.key_sealer import ScryptSealer
from services.auth.adapters.store_sql.audit import SqlAudit
from services.auth.adapters.store_sql.clients import SqlClients
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.adapters.store_sql.stores import SqlKeyStore
from services.auth.admin_commands import COMMANDS
from services.auth.admin_desk import Desk, Mistake
from services.auth.admin_parser import parser
from services.auth.dialects.native.errors import RESPONSES
from services.auth.domain.client_metadata import BadClientMetadata
from services.auth.domain.errors import AuthError
from services.auth.settings import Settings, load_settings
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.registrations import Registrations
from services.auth.wiring import MIGRATIONS
from services.auth.wiring_admin import administration

REFUSALS = (AuthError, MalformedAddress, Mistake, SqlError)


def main(
    arguments: Sequence[str],
    environ: Mapping[str, str],
    given: TextIO,
    shown: TextIO,
    ask: Callable[[str], str] = getpass.getpass,
) -> int:
    options = parser().parse_args(arguments)
    try:
        settings = load_settings(environ)
    except BadSettings as error:
        return _fail(str(error), 2)
    try:
        database = Database.open(settings.database_url.reveal())
        try:
            database.ping()
            upgrade(database.engine, MIGRATIONS)
            found = _run(_desk(settings, database, given, ask), options)
        finally:
            database.dispose()
    except REFUSALS as error:
        return _fail(_sentence(error), 1)
    shown.write(_text(found, as_json=options.json))
    return 0


def run() -> int:
    """The console script."""
    return main(sys.argv[1:], os.environ, sys.stdin, sys.stdout)


def _run(desk: Desk, options: argparse.Namespace) -> Any:
    return COMMANDS[options.command](desk, options)


def _desk(settings: Settings, database: Database, given: TextIO, ask: Callable[[str], str]) -> Desk:
    clock = SystemClock()
    audit = SqlAudit(database, clock, lambda: "", settings.audit_seconds)
    keyring = Keyring(SqlKeyStore(database, clock), ScryptSealer(settings.key_secret), clock)
    return Desk(
        administration=administration(settings, database, keyring, clock, audit),
        registrations=Registrations(SqlClients(database, clock), SqlGuesses(database, clock), audit, clock),
        keyring=keyring,
        read_line=lambda: given.readline().rstrip("\r\n"),
        ask=ask,
        generate=lambda: secrets.token_urlsafe(18),
    )


def _sentence(error: Exception) -> str:
    if isinstance(error, BadClientMetadata):
        return error.description
    for kind in type(error).__mro__:
        if kind in RESPONSES:
            text = RESPONSES[kind][2]
            return text if isinstance(text, str) else text(error)
    return str(error) or type(error).__name__


def _text(found: Any, *, as_json: bool) -> str:
    """JSON, or one entry a line: `name=value` pairs, empty ones left out."""
    if found is None:
        return ""
    if as_json:
        return json.dumps(found, indent=1) + "\n"
    entries = found if isinstance(found, list) else [found]
    return "".join(_line(entry) + "\n" for entry in entries)


def _line(entry: Mapping[str, Any]) -> str:
    return "  ".join(
        f"{name}={_shown(value)}" for name, value in entry.items() if value not in (None, [], "", {})
    )


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value if value.isprintable() and " " not in value else json.dumps(value)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    return json.dumps(value)


def _fail(sentence: str, status: int) -> int:
    sys.stderr.write(f"tidegate-admin: {sentence}\n")
    return status


if __name__ == "__main__":
    sys.exit(run())
