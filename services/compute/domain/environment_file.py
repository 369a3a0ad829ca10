"""The operator's file of environments and quotas (TOML): read whole, every problem told at once.

[[environment]]                     any field of domain/environments.py
id = "python-small"
engine = "process"
memory_bytes = "2 GiB"              sizes may be texts
price_per_minute = "0.1"            a text: whole tokens, exact

[quota.principal]                   jobs, cpus, memory_bytes, storage_bytes
[quota.owner."person:..."]
[quota.group.physics]
"""

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from libs.signing.errors import MalformedAddress
from libs.signing.keys import checksum
from services.compute.domain.environments import Environment
from services.compute.domain.quotas import Quota, Quotas
from services.compute.domain.sizes import MOST, size_of

ENGINES: Final = ("process", "docker", "slurm")
MAX_CHARS: Final = 1 << 20
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_PRICE_DIGITS = 60


class BadEnvironmentFile(Exception):
    """The file cannot be used; `problems` are sentences that say where and what."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The environments file has problems. " + " ".join(problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class EnvironmentFile:
    environments: tuple[Environment, ...]
    quotas: Quotas


class _Wrong(Exception):
    """What a value must be; the place is told by who asked."""


Reader = Callable[[Any], Any]


def read_environment_file(text: str) -> EnvironmentFile:
    """Raises BadEnvironmentFile."""
    if len(text) > MAX_CHARS:
        raise BadEnvironmentFile(["The file is larger than 1 MiB."])
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # a number of too many digits is a bare ValueError
        raise BadEnvironmentFile([f"It is not TOML: {error}."]) from None
    reading = _Reading()
    reading.only(document, {"environment", "quota"}, "the file")
    environments = reading.environments(document.get("environment", []))
    quotas = reading.quotas(document.get("quota", {}))
    if reading.problems:
        raise BadEnvironmentFile(reading.problems)
    return EnvironmentFile(environments, quotas)


class _Reading:
    """Collects what is wrong."""

    def __init__(self) -> None:
        self.problems: list[str] = []

    def only(self, table: Mapping[str, Any], known: set[str], where: str) -> None:
        for name in table.keys() - known:
            self.problems.append(f"{name!r} is not known in {where}; known are: {', '.join(sorted(known))}.")

    def environments(self, tables: Any) -> tuple[Environment, ...]:
        if not _are_tables(tables) or not tables:
            self.problems.append("There must be at least one [[environment]].")
            return ()
        found = [self._environment(table, number) for number, table in enumerate(tables, 1)]
        names = [environment.id for environment in found if environment is not None]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.problems.append(f"There is more than one environment {name!r}.")
        return tuple(environment for environment in found if environment is not None)

    def _environment(self, table: Mapping[str, Any], number: int) -> Environment | None:
        name = table.get("id")
        where = f"environment {name!r}" if isinstance(name, str) else f"environment number {number}"
        values = self._values(table, _ENVIRONMENT, where)
        lacking = [name for name in _REQUIRED if name not in table]
        self.problems += [f"{where} has no {name}." for name in lacking]
        return None if values is None or lacking else Environment(**values)

    def quotas(self, tables: Any) -> Quotas:
        if not isinstance(tables, dict):
            self.problems.append("quota must be a table.")
            return Quotas()
        self.only(tables, {"principal", "owner", "group"}, "[quota]")
        given: dict[str, Any] = {}
        if "principal" in tables:
            given["principal"] = self._quota(tables["principal"], "[quota.principal]")
        for kind, field in (("owner", "owners"), ("group", "groups")):
            named = tables.get(kind, {})
            if not isinstance(named, dict):
                self.problems.append(f"quota.{kind} must be a table of tables.")
                continue
            given[field] = {
                name: self._quota(table, f"[quota.{kind}.{name!r}]") for name, table in named.items()
            }
        return Quotas(**given)

    def _quota(self, table: Any, where: str) -> Quota:
        if not isinstance(table, dict):
            self.problems.append(f"{where} must be a table.")
            return Quota()
        return Quota(**(self._values(table, _QUOTA, where) or {}))

    def _values(
        self, table: Mapping[str, Any], readers: Mapping[str, Reader], where: str
    ) -> dict[str, Any] | None:
        """None when anything is wrong."""
        before = len(self.problems)
        self.only(table, set(readers), where)
        values = {}
        for name in table.keys() & readers.keys():
            try:
                values[name] = readers[name](table[name])
            except _Wrong as error:
                self.problems.append(f"{name} of {where} must be {error}.")
        return values if len(self.problems) == before else None


def _are_tables(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 4096 or not value.isprintable():
        raise _Wrong("a text on one line")
    return value


def _id(value: Any) -> str:
    if not isinstance(value, str) or _ID.fullmatch(value) is None:
        raise _Wrong("up to 64 letters, digits, dots, dashes and underscores")
    return value


def _engine(value: Any) -> str:
    if value not in ENGINES:
        raise _Wrong(f"one of {', '.join(ENGINES)}")
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong("true or false")
    return value


def _whole(least: int) -> Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value < 1 << 53:
            raise _Wrong(f"a whole number, at least {least}")
        return value

    return read


def _above_zero(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or value <= 0:
        raise _Wrong("a number above 0")
    return float(value)


def _size(value: Any) -> int:
    found = size_of(value) if isinstance(value, str) else value
    if type(found) is not int or not 0 < found < MOST:
        raise _Wrong('a number of bytes or a text such as "2 GiB"')
    return found


def _price(value: Any) -> Decimal:
    if type(value) is int or (isinstance(value, str) and len(value) <= _PRICE_DIGITS):
        try:
            price = Decimal(value)
        except InvalidOperation:
            price = Decimal(-1)
        if price.is_finite() and 0 <= price <= Decimal(10) ** 18:
            return price
    raise _Wrong('a price as a text such as "0.1", not below 0')


def _address(value: Any) -> str:
    try:
        return checksum(value)
    except MalformedAddress:
        raise _Wrong("an address of 0x and 40 hex digits") from None


def _chains(value: Any) -> tuple[int, ...]:
    if not isinstance(value, list) or any(type(item) is not int or item <= 0 for item in value):
        raise _Wrong("a list of chain ids")
    return tuple(value)


def _options(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or any(not isinstance(item, str) for item in value.values()):
        raise _Wrong("a table of texts")
    return dict(value)


_ENVIRONMENT: Final[Mapping[str, Reader]] = {
    "id": _id,
    "engine": _engine,
    "description": _text,
    "cpus": _above_zero,
    "memory_bytes": _size,
    "disk_bytes": _size,
    "gpus": _whole(0),
    "cpu_type": _text,
    "gpu_type": _text,
    "max_jobs": _whole(0),
    "max_job_seconds": _whole(1),
    "max_processes": _whole(1),
    "log_bytes": _size,
    "image": _text,
    "network": _flag,
    "price_per_minute": _price,
    "fee_token": _address,
    "consumer_address": _address,
    "chain_ids": _chains,
    "storage_seconds": _whole(1),
    "queue_seconds": _above_zero,
    "stage_in_seconds": _above_zero,
    "pull_seconds": _above_zero,
    "publish_seconds": _above_zero,
    "unpinned": _flag,
    "options": _options,
}
_REQUIRED: Final = tuple(
    field.name for field in fields(Environment) if field.default is field.default_factory is MISSING
)
_QUOTA: Final[Mapping[str, Reader]] = {
    "jobs": _whole(0),
    "cpus": _above_zero,
    "memory_bytes": _size,
    "storage_bytes": _size,
}
