"""What each refusal looks like to a DCP client: `{"error", "message", "code"}`, both texts the same (G9)."""

from flask import Response

from libs.web.dcp_window import BAD_KEYSTORE, NO_CREDENTIAL, answer, invalid, refusal, render_edge
from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from services.auth.domain.api_keys import BadKeyRequest, NoSuchKey, ScopesNotYours, TooManyKeys
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.keystores import KeystoreLoginRefused, TooManyDerivations
from services.auth.domain.people import TooManyGuesses

__all__ = ["NO_CREDENTIAL", "RESPONSES", "answer", "refusal", "render", "render_edge"]
MEMBERS = {"seconds": "expiresIn"}  # as this API spells them

# class -> (status, code, text)
RESPONSES: dict[type[Exception], tuple[int, str, str]] = {
    KeystoreLoginRefused: (401, "InvalidKeystore", BAD_KEYSTORE),
    CredentialRefused: (401, "InvalidKeystore", BAD_KEYSTORE),
    NoSuchKey: (404, "KeyNotFound", "Key not found"),
    TooManyKeys: (409, "TooManyKeys", "This identity has too many API keys: revoke one first"),
    TooManyGuesses: (429, "TooManyAttempts", "Too many failed attempts: try again later"),
    TooManyDerivations: (503, "Busy", "Too many keystores are being opened: try again later"),
    StoreUnavailable: (503, "Unavailable", "Credentials cannot be checked right now"),
    UnknownCoding: (415, "UnsupportedMediaType", "The body's Content-Encoding must be gzip or none"),
}


def render(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    if isinstance(error, BadKeyRequest):
        return invalid(MEMBERS.get(error.member, error.member), error.reason)
    if isinstance(error, ScopesNotYours):
        return refusal(403, "ScopeMissing", f"The key may not have the scope {' '.join(error.missing)}")
    if isinstance(error, TooLarge):
        return refusal(413, "TooLarge", error.message)
    for ancestor in type(error).__mro__:
        if ancestor in RESPONSES:
            status, code, text = RESPONSES[ancestor]
            seconds = getattr(error, "retry_after", 1 if status == 503 else None)
            return refusal(status, code, text, {} if seconds is None else {"Retry-After": str(seconds)})
    if isinstance(error, BadParams):
        return invalid(error.field, error.message)
    raise KeyError(type(error).__name__)
