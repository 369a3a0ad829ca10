"""`python -m libs.sql migrate <service>`: schema work by hand; services also upgrade themselves at start.

The database is the one that <SERVICE>_DATABASE_URL (or <SERVICE>_DATABASE_URL_FILE) names.
"""

import argparse
import os
import sys
from pathlib import Path

from libs.sql import migrate
from libs.sql.engine import make_engine
from libs.sql.errors import SqlError

ROOT = Path(__file__).resolve().parents[2]
# A service's second database, under a name of its own: which service's, and where its store is.
STORES = {"filecatalogue": ("catalogue", "files_sql")}


def location(service: str) -> Path:
    """Where `service` keeps its migrations."""
    owner, store = STORES.get(service, (service, "store_sql"))
    return ROOT / "services" / owner / "adapters" / store / "migrations"


def main(arguments: list[str]) -> int:
    """0 when done, 1 with a sentence on stderr when not."""
    options = _parser().parse_args(arguments)
    folder, name = location(options.service), f"{options.service.upper()}_DATABASE_URL"
    url = _setting(name)
    if not folder.is_dir():
        return _fail(f"{options.service} has no migrations")
    if not url:
        return _fail(f"set {name} or {name}_FILE")
    try:
        sys.stdout.write(_run(options, url, folder) + "\n")
    except SqlError as error:
        return _fail(str(error))
    return 0


def _run(options: argparse.Namespace, url: str, folder: Path) -> str:
    engine = make_engine(url)
    try:
        if options.command == "migrate":
            changed = migrate.upgrade(engine, folder, options.to)
        elif options.command == "downgrade":
            changed = migrate.downgrade(engine, folder, options.to)
        else:
            changed = False
        what = "now at" if changed else "at"
        return (
            f"{options.service}: {what} {migrate.current(engine) or 'base'} (newest {migrate.head(folder)})"
        )
    finally:
        engine.dispose()


def _setting(name: str) -> str:
    file = os.environ.get(f"{name}_FILE")
    return os.environ.get(name) or (Path(file).read_text(encoding="utf-8").strip() if file else "")


def _fail(sentence: str) -> int:
    sys.stderr.write(f"libs.sql: {sentence}\n")
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m libs.sql")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, to in (("migrate", "head"), ("downgrade", None), ("current", "head")):
        command = commands.add_parser(name)
        command.add_argument("service")
        command.add_argument("--to", default=to, required=to is None, help="a revision")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
