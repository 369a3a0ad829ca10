"""Where clients reach us, for the links that answers hold; also before Flask."""

from typing import TYPE_CHECKING

from libs.web.own_url import own_url
from services.compute.dialects.openpai.parts import OpenPaiParts

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment


def base_of(parts: OpenPaiParts) -> str:
    return own_url(parts.public_url)


def plain_base(parts: OpenPaiParts, environ: "WSGIEnvironment") -> str:
    """The same. Raises KeyError where a request does not say where it went."""
    if parts.public_url:
        return parts.public_url.rstrip("/")
    forwarded = environ.get("HTTP_X_FORWARDED_PROTO") == "https"
    scheme = "https" if forwarded else environ["wsgi.url_scheme"]
    return f"{scheme}://{environ['HTTP_HOST']}"
