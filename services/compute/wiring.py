"""The only place that knows concrete classes; builds what the web app needs."""

from libs.web.gate import Gate
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.remembered_principals import RememberedPrincipals, RemoteAuth
from services.compute.deps import Deps
from services.compute.settings import Settings

SERVICE = "compute"


def build(settings: Settings) -> Deps:
    """Jobs have no engine yet; what can be unready is auth, and without it each request says so itself."""
    return Deps(gate=_gate(settings))


def _gate(settings: Settings) -> Gate:
    tokens = ServiceTokens(settings.auth_url, SERVICE, settings.service_secret, settings.auth_timeout_seconds)
    client = InternalClient(settings.auth_url, "auth", tokens, settings.auth_timeout_seconds)
    return Gate(RememberedPrincipals(RemoteAuth(client)), settings.certificate_headers)
