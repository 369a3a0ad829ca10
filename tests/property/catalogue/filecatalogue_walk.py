"""Random walks through the file catalogue, beside a model that goes through everything it knows."""

from collections.abc import Callable
from random import Random
from typing import Any

from services.catalogue.adapters.files_sql.store import SqlFiles
from services.catalogue.domain.files.conditions import read_pairs
from services.catalogue.domain.files.entries import Actor, File, NewFile, Status
from services.catalogue.domain.files.errors import CatalogueError, InvalidValue
from services.catalogue.domain.files.fields import Condition, Field, FieldType, Known, Level
from services.catalogue.domain.files.lfn import child
from services.catalogue.domain.files.metasets import resolved
from services.catalogue.domain.files.standard import STANDARD
from services.catalogue.domain.files.values import fitting
from services.catalogue.file_ports import NewAttributes
from tests.fakes.filecatalogue import MemoryTree
from tests.fakes.filecatalogue_metadata import MemoryMetadata

VOS = ("a", "b")
NAMES = ("x", "y", "y-z", "Z", "été", "100%_")
FIELDS = ("energy", "beam", "det", "taken", "run", "note")
DECLARED = (
    ("energy", FieldType.INT, Level.DIRECTORY),
    ("beam", FieldType.FLOAT, Level.DIRECTORY),
    ("det", FieldType.STRING, Level.DIRECTORY),
    ("run", FieldType.INT, Level.FILE),
    ("note", FieldType.STRING, Level.FILE),
)
MAKER = Actor(name="alice", group="a_user", groups=("a_user",), vo="a")
WHOLE = ("-7", "0", "5", "12", "4.2", "1e30", "-1e30")
NUMBERS = ("-0.5", "0", "4.2", "7", "1e3")
TEXTS = ("ILD", "ild", "SID", "a,b", "", "50%", "x[y", "Ωmega", "z_1")
DATES = ("2014-02-25", "2014-02-25 12:10:46", "2020-01-01", "1999-12-31 23:59:59")
VALUES = {FieldType.INT: WHOLE, FieldType.FLOAT: NUMBERS, FieldType.STRING: TEXTS, FieldType.DATE: DATES}
TYPES = tuple(VALUES)
PATTERNS = ("*", "?LD", "*L*", "x[*", "50%", "?_1", "*m?g*")
COMPARING = ("=", "!=", "<", ">", "<=", ">=")


class Walk:
    """Does the same to the store and to the model, and compares what both say."""

    def __init__(self, store: SqlFiles, random: Random) -> None:
        self.store = store
        self.tree = MemoryTree()
        self.model = MemoryMetadata(self.tree)
        self.random = random
        self.now = 1_700_000_000.0
        self.found = {"search": 0, "compatible": 0, "find": 0}  # answers with something in them
        self.directories = [f"/{vo}" for vo in VOS]
        self.lfns: list[str] = []
        for path in self.directories:
            self._make(path)
        for name, kind, level in DECLARED:
            self._declare(VOS[0], Field(name, kind, level))
        for act in (self.make, self.add, self.set, self.set_of_file) * 25:
            act()

    def both(self, act: Callable[[Any], Any], *, tree: bool = False) -> Any:
        ours = _told(act, self.store)
        expected = _told(act, self.tree if tree else self.model)
        assert ours == expected
        return ours

    def step(self) -> None:
        steps = (
            (self.make, 4), (self.add, 4), (self.remove, 1), (self.hide, 2), (self.declare, 2),
            (self.undeclare, 0.3), (self.set, 10), (self.set_of_file, 5), (self.unset, 2), (self.known, 5),
            (self.search, 20), (self.compatible, 20), (self.find, 24),
        )  # fmt: skip
        act = self.random.choices([each for each, _ in steps], [weight for _, weight in steps])[0]
        self.now += 1.5
        act()

    def make(self) -> None:
        path = child(self.place(), self.random.choice(NAMES))
        if path.count("/") < 7 and path not in self.lfns:
            self._make(path)
            self.directories = sorted({*self.directories, path})

    def _make(self, path: str) -> None:
        self.both(lambda side: side.make_directory(path, MAKER, 0o775, self.now), tree=True)

    def place(self) -> str:
        """Mostly in the first VO."""
        first = [path for path in self.directories if path.startswith("/a")]
        return self.random.choice(first if self.random.random() < 0.9 else self.directories)

    def add(self) -> None:
        lfn = child(self.place(), "f" + self.random.choice(NAMES))
        if lfn in self.lfns:
            return
        elements = self.random.sample(("DISK", "TAPE", "CLOUD"), self.random.randrange(3))
        size = self.random.randrange(4)
        guid = f"00000000-0000-4000-8000-{len(self.lfns):012}"
        new = NewFile(lfn=lfn, size=size, checksum="ab", guid=guid, replicas=dict.fromkeys(elements, "p"))
        self.both(lambda side: sorted(side.add_files([new], MAKER, self.now)), tree=True)
        self.lfns.append(lfn)

    def remove(self) -> None:
        if self.lfns and self.random.random() < 0.5:
            lfn = self.random.choice(self.lfns)
            self.both(lambda side: sorted(side.remove_files([lfn])), tree=True)
        else:
            path = max(self.place() for _ in range(3))  # mostly far down
            if path in (f"/{vo}" for vo in VOS):
                return
            self.both(
                lambda side: side.remove_directories(path, recursive=True, agree=lambda _: True), tree=True
            )
        self.model.forget()
        self.directories = [path for path in self.directories if path in self.tree._directories]
        self.lfns = [lfn for lfn in self.lfns if lfn in self.tree._files]

    def hide(self) -> None:
        change = NewAttributes(status=self.random.choice((Status.GOOD, Status.TRASH)))
        if self.lfns and self.random.random() < 0.5:
            lfn = self.random.choice(self.lfns)
            self.both(lambda side: side.change_file(lfn, change, self.now).lfn, tree=True)
        else:
            path = self.place()
            self.both(
                lambda side: (
                    side.change_directory(path, change, self.now, recursive=False, agree=lambda _: True).path
                ),
                tree=True,
            )

    def declare(self) -> None:
        vo, name = self.random.choice(VOS), self.random.choice(FIELDS)
        level = Level.FILE if self.random.random() < 0.3 else Level.DIRECTORY
        field = Field(name, self.random.choice(TYPES), level)
        self._declare(vo, field)

    def _declare(self, vo: str, field: Field) -> None:
        self.both(lambda side: side.declare(vo, field))
        self.both(lambda side: side.fields(vo))

    def undeclare(self) -> None:
        vo, name = self.random.choice(VOS), self.random.choice(FIELDS)
        self.both(lambda side: side.undeclare(vo, name))

    def set(self) -> None:
        path = self.place()
        values = self.values(path, Level.DIRECTORY)
        self.both(lambda side: side.set_directory(path, values, self.now))

    def set_of_file(self) -> None:
        lfn = self.random.choice(self.lfns or ["/a/none"])
        values = self.values(lfn, Level.FILE)
        self.both(lambda side: side.set_file(lfn, values, self.now))

    def values(self, path: str, level: Level) -> dict[str, object]:
        """Mostly what fits."""
        known = self.model.fields(path.split("/")[1])
        found: dict[str, object] = {}
        for name in self.random.sample(FIELDS, self.random.choice((1, 1, 2))):
            field = known.get(name)
            if field is None or field.level is level or self.random.random() < 0.1:
                fits = field is not None and self.random.random() < 0.95
                kind = field.type if field is not None and fits else self.random.choice(TYPES)
                found[name] = self.random.choice(VALUES[kind])
        return found

    def unset(self) -> None:
        names = self.random.sample(FIELDS, self.random.choice((1, 1, 2)))
        if self.lfns and self.random.random() < 0.3:
            lfn = self.random.choice(self.lfns)
            self.both(lambda side: side.unset_file(lfn, names, self.now))
        else:
            path = self.place()
            self.both(lambda side: side.unset_directory(path, names, self.now))

    def known(self) -> None:
        inherited = self.random.random() < 0.7
        path = self.place()
        self.both(lambda side: _shown(side.directory_metadata(path, inherited=inherited)))
        lfn = self.random.choice(self.lfns or ["/a/none"])
        self.both(lambda side: _shown(side.file_metadata(lfn, inherited=inherited)))

    def search(self) -> None:
        path = self.root()
        conditions = self.conditions(path, (Level.DIRECTORY,))
        limit = self.random.choice((1, 3, 1000, 1000))
        told = self.both(lambda side: _matches(side, path, conditions, limit))
        self.found["search"] += bool(conditions and isinstance(told, tuple) and told[0])

    def compatible(self) -> None:
        path = self.root()
        conditions = self.conditions(path, (Level.DIRECTORY,))
        with_files = self.random.random() < 0.5
        told = self.both(lambda side: side.compatible(path, conditions, with_files=with_files))
        self.found["compatible"] += bool(conditions and isinstance(told, dict) and told)

    def find(self) -> None:
        path = self.root()
        conditions = self.conditions(path, tuple(Level))
        limit, start = self.random.choice((0, 3, 1000, 1000)), self.random.choice((0, 0, 1, 4))
        all_statuses = self.random.random() < 0.5

        def act(side: Any) -> Any:
            total, found = side.find_files(
                path, conditions, all_statuses=all_statuses, limit=limit, start=start
            )
            return total, [_file(each) for each in found]

        told = self.both(act)
        self.found["find"] += bool(conditions and isinstance(told, tuple) and told[1])

    def root(self) -> str:
        """Where a search begins: mostly high up."""
        return self.random.choices(["/a", self.place(), "/a/none"], (8, 3, 1))[0]

    def conditions(self, path: str, levels: tuple[Level, ...]) -> list[Condition]:
        known = self.model.fields(path.split("/")[1])
        fields = [field for field in known.values() if field.level in levels]
        if Level.FILE in levels:
            fields += [
                STANDARD[name] for name in ("SE", "Size", "Name", "Path", "ModificationDate", "Status")
            ]
        pairs: dict[tuple[str, str], str] = {}
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 2)) if fields else 0):
            field = self.random.choice(fields)
            sign, text = self.condition(field)
            pairs[field.name, sign] = text
        usable = {field.name: field for field in fields}
        sent = [(name, f"{sign}|{text}") for (name, sign), text in pairs.items()]
        return resolved(read_pairs(sent), usable, {}, lenient=False)

    def condition(self, field: Field) -> tuple[str, str]:
        if field.name in STANDARD and field.type is not FieldType.INT:
            pool: tuple[str, ...] = {
                "SE": ("DISK", "TAPE"), "Name": tuple(f"f{name}" for name in NAMES),
                "Path": tuple(self.directories), "Status": ("Trash", "AprioriGood"),
            }.get(field.name, ("2023-11-14 22:15:00", "2023-11-14 22:13:26"))  # fmt: skip
        else:
            pool = VALUES[field.type]
        kind = self.random.random()
        if kind < 0.1:
            return self.random.choice(("exists", "missing")), ""
        if kind < 0.2 and field.type is FieldType.STRING:
            return "like", self.random.choice(PATTERNS)
        if kind < 0.4:
            listed = (
                [text.replace(",", "\\,") for text in self.random.sample(pool, 2)] if len(pool) > 1 else ["x"]
            )
            if any(text for text in listed):
                return self.random.choice(("in", "nin")), ", ".join(listed)
        return self.random.choice(COMPARING), self.random.choice(self.met(field) or pool)

    def met(self, field: Field) -> list[str]:
        """Values that there are, mostly."""
        if self.random.random() < 0.3:
            return []
        known = [values[field.name] for values in self.model._values.values() if field.name in values]
        return [str(value) for value in known if _fits(field, value)]


def _fits(field: Field, value: object) -> bool:
    try:
        fitting(field, value)
    except InvalidValue:
        return False
    return True


def _told(act: Callable[[Any], Any], side: Any) -> Any:
    """What is answered, or what kind of error."""
    try:
        return act(side)
    except CatalogueError as error:
        return type(error)


def _matches(side: Any, path: str, conditions: list[Condition], limit: int) -> Any:
    matches, is_more, directory = side.matching(path, conditions, limit)
    return list(matches), is_more, (directory.path, directory.files, directory.bytes, directory.directories)


def _shown(known: Known) -> Any:
    return list(known.values.items()), list(known.origins.items())


def _file(file: File) -> Any:
    return file.lfn, file.size, file.checksum, file.attributes.status
