"""What the web app is built from: everything concrete, made once by wiring."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from libs.web.gate import Gate
from libs.web.service_tokens import ServiceTokenVerifier
from services.compute.dialects.dcp import DcpParts
from services.compute.dialects.dirac import DiracParts
from services.compute.dialects.internal.files import Shelf
from services.compute.dialects.native import NativeParts
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.dialects.openpai import OpenPaiParts
from services.compute.dialects.prominence import ProminenceParts
from services.compute.domain.environments import EnvironmentBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """A room whose parts are None says that there are no jobs."""

    gate: Gate = field(default_factory=Gate)  # without a source it lets nobody in
    dcp: DcpParts | None = None
    dirac: DiracParts | None = None
    native: NativeParts | None = None
    ocean: OceanParts | None = None
    openpai: OpenPaiParts | None = None
    prominence: ProminenceParts | None = None
    book: EnvironmentBook = field(default_factory=EnvironmentBook)
    shelf: Shelf | None = None  # files of the file catalogue
    verifier: ServiceTokenVerifier | None = None  # without one no service may ask
    checks: Mapping[str, Callable[[], None]] = field(default_factory=dict)  # readiness: raise when not usable
