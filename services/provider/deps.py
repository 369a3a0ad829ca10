"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libs.web.gate import Gate
from libs.web.service_tokens import ServiceTokenVerifier
from services.provider.usecases.registry import UseCases


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    usecases: UseCases
    service_tokens: ServiceTokenVerifier
    checks: Mapping[str, Callable[[], None]]  # readiness: raise when not usable
    gate: Gate = field(default_factory=Gate)  # without a source it lets nobody in
