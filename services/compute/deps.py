"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    checks: Mapping[str, Callable[[], None]] = field(default_factory=dict)  # readiness: raise when not usable
