"""Members of a document, read one by one: what is wrong is collected, what is unknown is warned of."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dcp.errors import INVALID, BadDocument, Problem

MOST_WARNINGS: Final = 20
_SHOWN: Final = re.compile(r"[ -~]{1,64}")


class Notes:
    """What is to be said of one document."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[str] = []

    def problem(self, path: str, reason: str, code: str = INVALID, text: str = "", **more: object) -> None:
        self.problems.append(Problem(path, reason, code, text, more))

    def warn(self, text: str) -> None:
        if len(self.warnings) < MOST_WARNINGS:
            self.warnings.append(text)

    def unknown(self, given: Mapping[str, Json], known: Collection[str], within: str = "") -> None:
        """Members that nobody reads."""
        for name in given:
            if name not in known:
                shown = name if _SHOWN.fullmatch(name) else "a member"
                self.warn(f"{within}{shown} is not known and was ignored")

    def check(self) -> None:
        """Raises BadDocument."""
        if self.problems:
            raise BadDocument(self.problems)


class Members:
    """Of one object; `path` leads to it. A member that is null is none."""

    def __init__(self, given: Mapping[str, Json], notes: Notes, path: str = "") -> None:
        self._given = given
        self._notes = notes
        self._path = path

    def place(self, name: str) -> str:
        return f"{self._path}{name}"

    def has(self, name: str) -> bool:
        return self._given.get(name) is not None

    def value(self, name: str) -> Json:
        return self._given.get(name)

    def text(self, name: str, most: int) -> str | None:
        value = self._given.get(name)
        if value is None or (type(value) is str and len(value) <= most):
            return value
        self._notes.problem(self.place(name), f"must be a text of {most} characters at most")
        return None

    def object(self, name: str) -> Mapping[str, Json] | None:
        value = self._given.get(name)
        if value is None or isinstance(value, dict):
            return value
        self._notes.problem(self.place(name), "must be an object")
        return None

    def texts(self, name: str, most: int) -> tuple[str, ...]:
        """A list of texts, `most` of them."""
        value = self._given.get(name)
        if value is None:
            return ()
        if isinstance(value, list) and len(value) <= most:
            texts = [item for item in value if type(item) is str and 0 < len(item) <= 256]
            if len(texts) == len(value):
                return tuple(texts)
        self._notes.problem(self.place(name), f"must be a list of {most} texts at most")
        return ()

    def whole(self, name: str, least: int, most: int) -> int | None:
        value = self._given.get(name)
        if value is None:
            return None
        is_whole = isinstance(value, NumberText) and value.isdecimal() and len(value) <= 15
        if is_whole and least <= int(str(value)) <= most:
            return int(str(value))
        self._notes.problem(self.place(name), f"must be a whole number from {least} to {most}")
        return None
