"""Who asks, as the gate tells those who look at credentials; of the Caller of libs/web/credentials.py."""

from dataclasses import dataclass
from typing import Any, Protocol

from werkzeug.datastructures import EnvironHeaders

from libs.web import peers
from libs.web.client_certificate import CertificateHeaders


class Bare(Protocol):
    """What there is of a request before Flask."""

    @property
    def environ(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """The Caller of a request that may be over."""

    window: str
    peer: str
    thumbprint: str | None


class Asking:
    """The Caller of a request; what is seldom asked for is looked up when it is."""

    __slots__ = ("_certificates", "_environ", "window")

    def __init__(self, window: str, environ: dict[str, Any], certificates: CertificateHeaders) -> None:
        self.window = window
        self._environ = environ
        self._certificates = certificates

    @property
    def peer(self) -> str:
        return peers.of(self._environ)

    @property
    def thumbprint(self) -> str | None:
        certificate = self._certificates.read(EnvironHeaders(self._environ))
        return None if certificate is None or certificate.failure else certificate.thumbprint
