"""`work`, `args`, `packages` and what else says how slices are worked on."""

import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from libs.web.strict_json import Json, NumberText, to_json
from services.compute.dialects.dcp.members import Members, Notes
from services.compute.dialects.dcp.requirements import MET, STRICT, needed
from services.compute.dialects.dcp.work.faults import MOST_CHARS
from services.compute.dialects.dcp.work.javascript import check_javascript
from services.compute.dialects.dcp.work.languages import (
    SUPPORTED,
    BadRuntime,
    Choice,
    Language,
    Runtime,
    UnsupportedLanguage,
    choose,
)
from services.compute.dialects.dcp.work.python_source import check_python
from services.compute.dialects.dcp.work.typescript import strip_types

WORK: Final = frozenset({"function", "language", "runtime", "pyimports"})
RUNTIME: Final = frozenset({"name", "version", "custom"})
MOST_PACKAGES: Final = 64
_ENCODED: Final = frozenset({"gzImage", "env"})  # how dcp-client marks arguments for pyodide
_CHECKS: Final = {
    Language.JAVASCRIPT: check_javascript,
    Language.TYPESCRIPT: strip_types,
    Language.PYTHON: check_python,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkAsked:
    """Not looked into yet: `checked` does."""

    choice: Choice
    source: str
    arguments: str  # JSON list
    packages: tuple[str, ...] = ()
    pyimports: tuple[str, ...] = ()

    def checked(self) -> str:
        """The source as it will be run. Raises WorkFunctionInvalid."""
        return _CHECKS[self.choice.language](self.source)


def read_work(
    document: Members, packages: Collection[str], pyimports: Collection[str], notes: Notes
) -> WorkAsked | None:
    """`packages` and `pyimports` are those there are. None when something is wrong, which `notes` tell."""
    given = document.object("work")
    if given is None:
        if not document.has("work"):
            notes.problem("work", "is required")
        return None
    notes.unknown(given, WORK, "work.")
    work = Members(given, notes, "work.")
    source = work.text("function", MOST_CHARS)
    if not source:
        if source == "" or not work.has("function"):
            notes.problem("work.function", "must be the source of a function")
        return None
    choice = _choice(work, notes)
    if choice is None:
        return None
    strict = _requirements(document, notes)
    arguments = _arguments(document, choice, given, notes)
    return WorkAsked(
        choice=Choice(choice.language, choice.is_strict or strict),
        source=source,
        arguments=arguments,
        packages=_packages(document.texts("packages", MOST_PACKAGES), packages, notes),
        pyimports=_pyimports(work.texts("pyimports", MOST_PACKAGES), pyimports, notes),
    )


def _choice(work: Members, notes: Notes) -> Choice | None:
    language, given = work.text("language", MOST_CHARS), work.object("runtime")
    if work.has("language") and language is None:
        return None
    try:
        return choose(language, None if given is None else _runtime(given, notes))
    except UnsupportedLanguage as error:
        notes.problem(
            "work.language",
            f"must be one of {', '.join(SUPPORTED)}",
            "UnsupportedLanguage",
            str(error),
            supported=list(SUPPORTED),
        )
    except BadRuntime as error:
        notes.problem(error.path, error.reason)
    return None


def _runtime(given: Mapping[str, Json], notes: Notes) -> Runtime:
    notes.unknown(given, RUNTIME, "work.runtime.")
    runtime = Members(given, notes, "work.runtime.")
    name, version = runtime.text("name", 64), runtime.text("version", 256)
    is_custom = given.get("custom") not in (None, False)
    return Runtime(name or "", version, is_custom)


def _requirements(document: Members, notes: Notes) -> bool:
    """Whether strict mode is asked for."""
    try:
        names = set(needed(document.value("requirements")))
    except ValueError:
        notes.problem("requirements", "must be an object of what is required")
        return False
    for name in sorted(names - MET):
        shown = name[:64] if name.isprintable() else "requirements"
        notes.problem(f"requirements.{shown}", "cannot be met here")
    return STRICT in names


def _arguments(document: Members, choice: Choice, work: Mapping[str, Json], notes: Notes) -> str:
    given = document.value("args")
    if given is None:
        return "[]"
    if not isinstance(given, list):
        notes.problem("args", "must be a list")
        return "[]"
    runtime = work.get("runtime")
    if choice.language is Language.PYTHON and isinstance(runtime, dict) and _is_encoded(given):
        notes.problem("args", "are encoded for pyodide: give them as they are")
    return to_json(given)


def _is_encoded(given: Sequence[Json]) -> bool:
    """A count, then marks and values, then arguments."""
    return (
        len(given) > 1
        and isinstance(given[0], NumberText)
        and given[0].isdecimal()
        and type(given[1]) is str
        and given[1] in _ENCODED
    )


def _packages(asked: tuple[str, ...], there: Collection[str], notes: Notes) -> tuple[str, ...]:
    for number, name in enumerate(asked):
        if name not in there:
            notes.problem(f"packages[{number}]", f"names a package that is not here: {_shown(name)}")
    return asked


def _pyimports(asked: tuple[str, ...], there: Collection[str], notes: Notes) -> tuple[str, ...]:
    for number, name in enumerate(asked):
        if name not in there and name.partition(".")[0] not in sys.stdlib_module_names:
            notes.problem(f"work.pyimports[{number}]", f"names a module that is not here: {_shown(name)}")
    return asked


def _shown(name: str) -> str:
    return name[:64] if name.isprintable() else "?"
