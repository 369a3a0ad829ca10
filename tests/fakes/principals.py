"""Principals by the text of their credential, for gates that are not asked anything else."""

from dataclasses import dataclass

from libs.web.credentials import Caller, Credential
from libs.web.gate import Refused
from libs.web.principal import Principal


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownCaller:
    """A Caller whose parts are known before anybody asks."""

    window: str = ""
    peer: str = ""
    thumbprint: str | None = None


class KnownPrincipals:
    """A PrincipalSource; raises `trouble` when it is set."""

    def __init__(self, **known: Principal) -> None:
        self.known = known
        self.asked: list[tuple[Credential, KnownCaller]] = []
        self.trouble: Exception | None = None

    def principal(self, credential: Credential, caller: Caller) -> Principal:
        asking = KnownCaller(window=caller.window, peer=caller.peer, thumbprint=caller.thumbprint)
        self.asked.append((credential, asking))
        if self.trouble is not None:
            raise self.trouble
        if credential.value not in self.known:
            raise Refused("The access token is not valid.")
        return self.known[credential.value]
