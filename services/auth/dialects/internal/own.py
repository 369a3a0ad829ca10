"""Auth's own gate asks in the same process: no call to itself."""

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused, TooManyTries
from libs.web.http import PeerUnavailable
from libs.web.remembered_principals import Answer
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.keystores import TooManyDerivations
from services.auth.domain.people import TooManyGuesses
from services.auth.usecases.principals import Principals


class OwnPrincipals:
    """Resolving (libs/web/remembered_principals.py)."""

    def __init__(self, principals: Principals) -> None:
        self._principals = principals

    def resolve(self, credential: Credential, caller: Caller) -> Answer:
        try:
            found = self._principals.resolve(credential.kind, credential.value, caller.peer)
        except CredentialRefused as error:
            raise Refused(error.description, error.code) from error
        except TooManyGuesses as error:
            raise TooManyTries(error.retry_after) from error
        except (StoreUnavailable, TooManyDerivations) as error:
            raise PeerUnavailable("auth", "it cannot resolve credentials now") from error
        return Answer(
            principal=found.principal,
            buckets=found.buckets,
            values=found.values,
            remember_until=found.remember_until,
            bound_to=found.bound_to,
        )

    def stamps(self, buckets: tuple[int, ...]) -> tuple[int, ...]:
        try:
            return self._principals.stamps(buckets)
        except StoreUnavailable as error:
            raise PeerUnavailable("auth", "its database cannot be asked") from error
