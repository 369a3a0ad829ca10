"""Single members with upstream's coercions: `"3600"` is a number, a number is never a text (contract 2.1)."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from libs.web.strict_json import Json, NumberText
from services.compute.dialects.openpai.config.problems import Notes, shown

Members = Mapping[str, Json]
_WHOLE: Final = re.compile(r"-?[0-9]{1,18}(?:\.0{1,18})?")
_NO_NUMBER: Final = frozenset({"", "null"})  # as forms write it


class Reader:
    """The members of one object at `place`. Wrong ones are noted and read as what they are without."""

    def __init__(self, members: Members, place: str, notes: Notes) -> None:
        self._members = members
        self._place = place
        self._notes = notes

    def at(self, name: str) -> str:
        return f"{self._place}.{name}" if self._place else name

    def note(self, name: str, reason: str) -> None:
        self._notes.add(self.at(name), reason)

    def only(self, known: Collection[str]) -> None:
        """A slip in a name must not run another job than was meant."""
        for name in self._members:
            if name not in known:
                self.note(shown(name), "is not allowed")

    def has(self, name: str) -> bool:
        return name in self._members

    def value(self, name: str) -> Json:
        return self._members.get(name)

    def text(self, name: str, most: int, pattern: re.Pattern[str] | None = None, rule: str = "") -> str:
        """Empty when it is not there."""
        value = self._members.get(name, "")
        if not isinstance(value, str) or isinstance(value, NumberText):
            self.note(name, "must be a string")
        elif len(value) > most:
            self.note(name, f"has {most} characters at most")
        elif value and pattern is not None and pattern.fullmatch(value) is None:
            self.note(name, rule)
        else:
            return value
        return ""

    def needed(self, name: str, most: int, pattern: re.Pattern[str] | None = None, rule: str = "") -> str:
        if self._members.get(name, "") == "":
            self.note(name, "is required")
        return self.text(name, most, pattern, rule)

    def whole(self, name: str, usual: int, least: int, most: int) -> int:
        if name not in self._members:
            return usual
        found = _whole(self._members[name])
        if found is None:
            self.note(name, "must be an integer")
        elif not least <= found <= most:
            self.note(name, f"must be between {least} and {most}")
        else:
            return found
        return usual

    def whole_or_none(self, name: str, usual: int | None, most: int) -> int | None:
        """From 1; null says that there is none."""
        if name not in self._members:
            return usual
        value = self._members[name]
        if value is None or (isinstance(value, str) and value in _NO_NUMBER):
            return None
        return self.whole(name, 1, 1, most)

    def listed(self, name: str) -> list[Json]:
        """None of it when it is not there."""
        value = self._members.get(name)
        if value is None and name not in self._members:
            return []
        if not isinstance(value, list):
            self.note(name, "must be an array")
            return []
        return value


def _whole(value: Json) -> int | None:
    if not isinstance(value, str):
        return None
    text = str(value) if isinstance(value, NumberText) else value.strip()
    return int(text.partition(".")[0]) if _WHOLE.fullmatch(text) else None
