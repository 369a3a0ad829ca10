"""What a certificate's owner is told when there is no token: class -> (status, code, text)."""

from authlib.oauth2.rfc6749 import OAuth2Error

from services.auth.domain import dirac
from services.auth.domain.certificates import CertificateMissing, CertificateRefused, CertificateUnknown
from services.auth.domain.errors import AuthError
from services.auth.domain.scopes import UnknownScope

REFUSALS: dict[type[AuthError], tuple[int, str, str]] = {
    CertificateMissing: (
        401,
        "invalid_client",
        "A client certificate is needed.",
    ),
    CertificateRefused: (401, "invalid_client", "The certificate does not count."),
    CertificateUnknown: (401, "invalid_client", "Nobody is registered for this certificate."),
    dirac.GroupNeeded: (400, "invalid_request", "The group is missing."),
    dirac.SetupNeeded: (400, "invalid_request", "The setup is missing."),
    dirac.NotInGroup: (403, "access_denied", "You are not in this group."),
    dirac.NoSuchVo: (403, "access_denied", "None of your groups belongs to this VO."),
    dirac.NoSuchSetup: (400, "invalid_request", "There is no such setup."),
    dirac.PropertyNotAllowed: (400, "invalid_scope", "The group does not have this property."),
    UnknownScope: (400, "invalid_scope", "There is no such scope."),
}


class CertificateError(OAuth2Error):
    """Told as it is: a certificate's owner may know what is wrong with it."""


def told(error: AuthError) -> tuple[int, str, str]:
    """Status, code and text."""
    status, code, text = REFUSALS[type(error)]
    if isinstance(error, CertificateRefused):
        return status, code, error.reason
    if isinstance(error, dirac.GroupNeeded | dirac.NotInGroup):
        yours = f"Yours: {', '.join(error.choices)}." if error.choices else "You are in none."
        return status, code, f"{text} {yours}"
    return status, code, text


def as_oauth(error: AuthError) -> OAuth2Error:
    status, code, text = told(error)
    found = CertificateError(text, status_code=status)
    found.error = code
    return found
