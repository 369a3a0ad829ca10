"""Typed reading of the environment: every problem is collected, and all are raised at once.

Each service's settings.py builds one Env, reads all it needs and ends with `env.check()`.
"""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

Int = int
V = TypeVar("V")
_URL = re.compile(r"https?://[^\s/?#@:]+(?::[0-9]{1,5})?(?:/[^\s?#]*)?")
TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})


class BadSettings(Exception):
    """Settings that the service cannot start with; `problems` are sentences that never hold a value."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Bad settings: " + " ".join(problems))
        self.problems = problems


class Secret:
    """A value that never shows itself by accident; ask for it with reveal()."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __reduce__(self) -> str:
        raise TypeError("a secret is not serialised")


class _Required:
    pass


REQUIRED: Final = _Required()


class Env:
    """Reads names from a mapping. A name without a default is required; an empty value counts as unset."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.problems: list[str] = []

    def text(self, name: str, default: str | _Required = REQUIRED) -> str:
        value = self.optional(name)
        return self._default(name, default, "") if value is None else value

    def optional(self, name: str) -> str | None:
        """The value, stripped, or None when unset or empty."""
        return (self._environ.get(name) or "").strip() or None

    def first(self, *names: str) -> str | None:
        """The first of several spellings that is set (familiar upstream names)."""
        return next((value for name in names if (value := self.optional(name)) is not None), None)

    def http_url(self, name: str) -> str:
        """A required http(s) URL of a service, without user name, query or a slash at its end."""
        value = self.text(name)
        if value and _URL.fullmatch(value) is None:
            return self._problem(f"{name} must be an http or https URL.", "")
        return value.rstrip("/")

    def int(
        self, name: str, default: Int | _Required = REQUIRED, *, least: Int = 0, most: Int | None = None
    ) -> Int:
        value = self.optional(name)
        if value is None:
            return self._default(name, default, 0)
        try:
            number = Int(value)
        except ValueError:
            return self._problem(f"{name} must be a whole number.", 0)
        if number < least or (most is not None and number > most):
            return self._problem(f"{name} must be between {least} and {most or 'infinity'}.", 0)
        return number

    def float(self, name: str, default: float | _Required = REQUIRED, *, least: float = 0.0) -> float:
        value = self.optional(name)
        if value is None:
            return self._default(name, default, 0.0)
        try:
            number = float(value)
        except ValueError:
            return self._problem(f"{name} must be a number.", 0.0)
        if not least <= number < float("inf"):
            return self._problem(f"{name} must be a number of at least {least}.", 0.0)
        return number

    def bool(self, name: str, default: bool = False) -> bool:
        value = self.optional(name)
        if value is None:
            return default
        if value.lower() in TRUE:
            return True
        if value.lower() in FALSE:
            return False
        return self._problem(f"{name} must be one of 1, true, yes, on, 0, false, no, off.", default)

    def choice(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        value = self.text(name, default)
        if value not in allowed:
            return self._problem(f"{name} must be one of {', '.join(allowed)}.", default)
        return value

    def list(self, name: str) -> tuple[str, ...]:
        """A comma list or a JSON list of texts; empty when unset."""
        value = self.optional(name) or ""
        if not value.startswith("["):
            return tuple(item.strip() for item in value.split(",") if item.strip())
        items = self.json(name, [])
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            return self._problem(f"{name} must be a list of texts.", ())
        return tuple(items)

    def json(self, name: str, default: Any = REQUIRED) -> Any:
        """The parsed value; NAME_FILE is read when NAME is unset."""
        text = self._from_file_or_env(name)
        if text is None:
            return self._default(name, default, None)
        try:
            return json.loads(text)
        except ValueError:
            return self._problem(f"{name} must be JSON.", None)

    def secret(self, name: str) -> Secret:
        """A required secret, from NAME or from the file that NAME_FILE names."""
        value = self.optional_secret(name)
        return self._default(name, REQUIRED, Secret("")) if value is None else value

    def optional_secret(self, name: str) -> Secret | None:
        text = self._from_file_or_env(name)
        return None if text is None else Secret(text)

    def problem(self, sentence: str) -> None:
        """Add a problem that the service found itself; never put a secret's value in it."""
        self.problems.append(sentence)

    def check(self) -> None:
        """Raises BadSettings with everything found so far."""
        if self.problems:
            raise BadSettings(self.problems)

    def _from_file_or_env(self, name: str) -> str | None:
        value, file = self.optional(name), self.optional(f"{name}_FILE")
        if value is not None or file is None:
            return value
        try:
            return Path(file).read_text(encoding="utf-8").strip() or None
        except (OSError, UnicodeDecodeError):
            self.problems.append(f"{name}_FILE names a file that cannot be read.")
            return ""

    def _default(self, name: str, default: V | _Required, placeholder: V) -> V:
        if isinstance(default, _Required):
            return self._problem(f"{name} must be set.", placeholder)
        return default

    def _problem(self, sentence: str, placeholder: V) -> V:
        self.problems.append(sentence)
        return placeholder
