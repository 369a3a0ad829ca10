"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libs.web.gate import Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    gate: Gate = field(default_factory=Gate)  # without a source it lets nobody in
    checks: Mapping[str, Callable[[], None]] = field(default_factory=dict)  # readiness: raise when not usable
