"""One's own account: what its owner may not do to it."""

from services.auth.domain.errors import AuthError


class NotAPerson(AuthError):
    """The caller is a client that acts for itself: it has no account and no wallets."""


class NoAccount(AuthError):
    """The caller is a wallet that is nobody's; an account must be made first."""


class HasAccount(AuthError):
    """The caller's wallet is somebody's already."""


class RegistrationClosed(AuthError):
    """Wallets cannot make accounts here: administrators do."""


class NoSuchWallet(AuthError):
    """That wallet is not linked to the caller's account."""


class LastWayIn(AuthError):
    """Without a password, a certificate or another wallet nobody could sign in to the account any more."""
