"""The root of what the auth service refuses. Classes name facts and know no status code."""


class AuthError(Exception):
    """Root of the service's errors."""


class StoreUnavailable(AuthError):
    """The database cannot be asked right now."""


class LedgerUnavailable(AuthError):
    """The provider, which keeps the nonces and asks contract wallets, cannot be asked right now."""
