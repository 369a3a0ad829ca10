"""`work.language` and `work.runtime` (contract 4.1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.compute.dialects.dcp.work import versions


class Language(StrEnum):
    JAVASCRIPT = "javascript"
    TYPESCRIPT = "typescript"
    PYTHON = "python"


@dataclass(frozen=True, slots=True)
class Choice:
    language: Language
    is_strict: bool = False


class UnsupportedLanguage(Exception):
    """`asked` is a part of it that can be shown."""

    def __init__(self, asked: str) -> None:
        super().__init__(f"DCP-API does not support {asked} yet.")


class BadRuntime(Exception):
    """A runtime that there is not; `path` is the member at fault."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path} {reason}")
        self.path = path
        self.reason = reason


LANGUAGES: Final[Mapping[str, Choice]] = {
    "": Choice(Language.JAVASCRIPT),
    "js": Choice(Language.JAVASCRIPT),
    "javascript": Choice(Language.JAVASCRIPT),
    "node": Choice(Language.JAVASCRIPT),
    "javascriptusestrict": Choice(Language.JAVASCRIPT, is_strict=True),
    "ts": Choice(Language.TYPESCRIPT),
    "typescript": Choice(Language.TYPESCRIPT),
    "py": Choice(Language.PYTHON),
    "python": Choice(Language.PYTHON),
    "python3": Choice(Language.PYTHON),
}
SUPPORTED: Final = tuple(name for name in LANGUAGES if name)
RUNTIMES: Final[Mapping[str, tuple[frozenset[Language], str]]] = {
    "map-basic": (frozenset({Language.JAVASCRIPT, Language.TYPESCRIPT}), "1.0.0"),
    "pyodide": (frozenset({Language.PYTHON}), "0.28.0"),
}
_SHOWN: Final = re.compile(r"[\w .+#/-]{1,64}")


@dataclass(frozen=True, slots=True)
class Runtime:
    """As it was asked for; `version` is a range of versions."""

    name: str
    version: str | None = None
    is_custom: bool = False


def choose(language: str | None, runtime: Runtime | None) -> Choice:
    """Raises UnsupportedLanguage, BadRuntime."""
    word = (language or "").strip().lower()
    choice = LANGUAGES.get(word)
    if choice is None:
        raise UnsupportedLanguage(language if language and _SHOWN.fullmatch(language) else "this language")
    if runtime is None:
        return choice
    if runtime.is_custom:
        raise BadRuntime("work.runtime.custom", "is not supported: name map-basic or pyodide")
    if runtime.name not in RUNTIMES:
        raise BadRuntime("work.runtime.name", f"must be one of {', '.join(RUNTIMES)}")
    languages, ours = RUNTIMES[runtime.name]
    if word and choice.language not in languages:
        raise BadRuntime("work.runtime.name", f"does not run {choice.language}")
    if runtime.version is not None and not versions.satisfies(ours, runtime.version):
        raise BadRuntime("work.runtime.version", f"must be a range that {ours} is in")
    return choice if word else Choice(Language.PYTHON if runtime.name == "pyodide" else Language.JAVASCRIPT)
