"""A file catalogue of a size that hurts, written straight into its tables: registering it would take minutes.

One VO with 50,000 directories in four levels, 1,000,000 files, 15 fields of directories (a few values high
up, many at the leaves) and 5 of files.
"""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import Any, Final, NamedTuple

import psycopg

VO: Final = "bench"
WIDTH: Final = 10  # of the upper levels
LEAVES: Final = 48_888
DIRECTORIES: Final = 50_000  # with the VO's own and a long one
FILES: Final = 1_000_000
LONG: Final = f"/{VO}/long"  # has LONG_FILES, to list
LONG_FILES: Final = 1000
SIZE: Final = 1_000_000
LEAF: Final = 4
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


class Made(NamedTuple):
    """A directory; `number` counts those of its level."""

    id: int
    parent: int
    path: str
    level: int
    number: int


class Described(NamedTuple):
    """`value` of the number-th directory of the level, or of the number-th file (level 0)."""

    name: str
    type: str
    level: int
    value: Callable[[int], Any]


@cache
def _day(number: int) -> str:
    return (datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=number)).strftime("%Y-%m-%d %H:%M:%S")


DESCRIBED: Final = (
    Described("detector", "string", 1, lambda n: ("ILD", "SID", "CLIC")[n % 3]),
    Described("campaign", "string", 1, lambda n: f"C{n}"),
    Described("energy", "int", 2, lambda n: 100 + 50 * (n % 10)),
    Described("polarity", "int", 2, lambda n: n % 2),
    Described("generator", "string", 2, lambda n: f"gen{n % 7}"),
    Described("year", "int", 3, lambda n: 2010 + n % 10),
    Described("quality", "float", 3, lambda n: (n % 100) / 8),
    Described("started", "date", 3, lambda n: _day(n % 365)),
    Described("machine", "string", 3, lambda n: f"m{n % 40}"),
    Described("run", "int", LEAF, lambda n: n % 1000),
    Described("stream", "string", LEAF, lambda n: f"stream{n % 20}"),
    Described("version", "string", LEAF, lambda n: f"v{n % 5}"),
    Described("weight", "float", LEAF, lambda n: (n % 100) / 4),
    Described("checked", "date", LEAF, lambda n: _day(n % 365)),
    Described("grade", "int", LEAF, lambda n: n % 3),
    Described("events", "int", 0, lambda n: n % 10_000),
    Described("format", "string", 0, lambda n: ("root", "slcio", "hepmc", "stdhep", "raw")[n % 5]),
    Described("luminosity", "float", 0, lambda n: (n % 1000) / 16),
    Described("taken", "date", 0, lambda n: _day(n % 365)),
    Described("good", "int", 0, lambda n: n % 2),
)
_COLUMN: Final = {"int": 0, "float": 1, "string": 2, "date": 2}


def tree(first_id: int) -> list[Made]:
    """From the VO's top directory down; a directory's parent comes before it."""
    made = [Made(first_id, 1, f"/{VO}", 0, 0), Made(first_id + 1, first_id, LONG, -1, 0)]
    above = made[:1]
    for level, count in ((1, WIDTH), (2, WIDTH**2), (3, WIDTH**3), (LEAF, LEAVES)):
        here = []
        for number in range(count):
            parent = above[number % len(above)]
            path = f"{parent.path}/d{number:05}"
            here.append(Made(first_id + len(made) + number, parent.id, path, level, number))
        made += here
        above = here
    return made


def files_of(made: Made) -> range:
    """The numbers of its files."""
    if made.level == -1:
        return range(FILES - LONG_FILES, FILES)
    if made.level != LEAF:
        return range(0)
    count = FILES - LONG_FILES
    return range(count * made.number // LEAVES, count * (made.number + 1) // LEAVES)


def rows(first_id: int, owner: int, group: int, when: Any) -> Iterator[tuple[str, Iterator[Sequence[Any]]]]:
    """Table by table, in an order that foreign keys allow."""
    made = tree(first_id)
    above: dict[int, list[int]] = {1: [1]}
    counts: dict[int, list[int]] = {}
    for one in made:
        above[one.id] = [*above[one.parent], one.id]
        for ancestor in above[one.id]:
            kept = counts.setdefault(ancestor, [0, 0])
            kept[0] += len(files_of(one))
            kept[1] += ancestor != one.id
    attributes = (owner, group, 0o777, "AprioriGood", when, when)
    yield "directories", (
        (one.id, one.parent, one.path, sha256(one.path.encode()).hexdigest(), one.path.rpartition("/")[2],
         len(above[one.id]) - 1, *attributes, counts[one.id][0], counts[one.id][0] * SIZE, counts[one.id][1])
        for one in made
    )  # fmt: skip
    yield (
        "directory_tree",
        (
            (ancestor, one.id, len(above[one.id]) - 1 - depth)
            for one in made
            for depth, ancestor in enumerate(above[one.id])
        ),
    )
    yield "files", (
        (number + 1, one.id, f"file{number:07}.dat", SIZE, f"{number:08x}", "Adler32",
         f"00000000-0000-4000-8000-{number:012x}", "File", *attributes)
        for one in made
        for number in files_of(one)
    )  # fmt: skip
    yield (
        "fields",
        (
            (number, VO, field.name, field.type, "directory" if field.level else "file")
            for number, field in enumerate(DESCRIBED, 1)
        ),
    )
    yield (
        "directory_values",
        (
            _valued(number, one.id, field, one.number)
            for number, field in enumerate(DESCRIBED, 1)
            for one in made
            if field.level and one.level == field.level
        ),
    )
    yield (
        "file_values",
        (
            _valued(number, file + 1, field, file)
            for number, field in enumerate(DESCRIBED, 1)
            if not field.level
            for file in range(FILES)
        ),
    )


def _valued(field_id: int, id_: int, field: Described, number: int) -> Sequence[Any]:
    values: list[Any] = [None, None, None]
    values[_COLUMN[field.type]] = field.value(number)
    return (field_id, id_, *values)


def fill(url: str) -> None:
    """Into a catalogue that has its tables and its root, and nothing else. Nobody may have it open: a SQLite
    file is written without a journal and for one connection alone, which takes a minute instead of six.
    """
    if url.startswith("sqlite:///"):
        _fill_sqlite(url.removeprefix("sqlite:///"))
    else:
        _fill_postgresql(url)


def _fill_sqlite(path: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        first, owner, group = _start(database.execute(_START).fetchone())
        for setting in _BUILDING:
            database.execute(f"PRAGMA {setting}")
        when = _NOW.strftime("%Y-%m-%d %H:%M:%S.%f")
        with _indexed_later(database, _SQLITE_INDEXES):
            for table, values in rows(first, owner, group, when):
                row = next(values)
                marks = ", ".join("?" * len(row))
                statement = f"INSERT INTO {table} VALUES ({marks})"  # noqa: S608 - ours
                database.execute("BEGIN")
                database.execute(statement, row)
                database.executemany(statement, values)
                database.execute("COMMIT")
        database.execute(_COUNT, {"files": FILES, "bytes": FILES * SIZE, "directories": DIRECTORIES})
        database.execute("PRAGMA journal_mode = WAL")


@contextmanager
def _indexed_later(database: Any, indexes: str) -> Iterator[None]:
    """Sorting all entries at once is cheaper than finding each one's place."""
    found = database.execute(indexes).fetchall()
    for name, _ in found:
        database.execute(f'DROP INDEX "{name}"')
    yield
    for _, definition in found:
        database.execute(definition)


def _fill_postgresql(url: str) -> None:
    with psycopg.connect(url) as connection:
        first, owner, group = _start(connection.execute(_START).fetchone())
        with _indexed_later(connection, _POSTGRESQL_INDEXES):
            for table, values in rows(first, owner, group, _NOW):
                with connection.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copying:
                    for row in values:
                        copying.write_row(row)
        count = _COUNT.replace(":files", str(FILES)).replace(":bytes", str(FILES * SIZE))
        connection.execute(count.replace(":directories", str(DIRECTORIES)).encode())
        for table in ("directories", "files", "fields"):
            following = f"pg_get_serial_sequence('{table}', 'id')"
            connection.execute(f"SELECT setval({following}, max(id)) FROM {table}".encode())  # noqa: S608
        connection.commit()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _start(found: Sequence[Any] | None) -> tuple[int, int, int]:
    """The id of the first directory, its owner's and its group's."""
    if found is None or found[0] != 1:
        raise RuntimeError("the file catalogue has to have its root and nothing else")
    return found[1] + 1, found[2], found[3]


_START: Final = "SELECT count(*), max(id), max(owner_id), max(group_id) FROM directories"
_BUILDING: Final = (
    "synchronous = OFF",
    "journal_mode = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -200000",
    "threads = 2",
)
_SQLITE_INDEXES: Final = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_POSTGRESQL_INDEXES: Final = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() AND indexname LIKE 'ix%'"
)
_COUNT: Final = (
    "UPDATE directories SET files = files + :files, bytes = bytes + :bytes, "
    "directories = directories + :directories WHERE id = 1"
)
