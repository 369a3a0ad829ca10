"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libs.web.gate import Gate
from libs.web.service_tokens import ServiceTokenVerifier
from services.catalogue.file_ports import OwnBytes
from services.catalogue.usecases.files.registry import FileCatalogue
from services.catalogue.usecases.registry import UseCases


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    usecases: UseCases
    checks: Mapping[str, Callable[[], None]]  # readiness: raise when not usable
    close: Callable[[], None]  # gives back what was opened; for tests and tools, a process just ends
    files: FileCatalogue | None = None  # None: there is no file catalogue
    own_bytes: OwnBytes | None = None  # None: this installation keeps no bytes of files
    verifier: ServiceTokenVerifier | None = None  # without one no service may ask
    gate: Gate = field(default_factory=Gate)  # without a source it lets nobody in
