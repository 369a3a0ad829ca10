"""What an application may know of the person before it: ID tokens and userinfo (OIDC core 2, 5.3)."""

import base64
import hashlib
from collections.abc import Collection
from typing import Any, Final

from libs.signing import tokens
from libs.web.principal import CLIENT, WALLET
from services.auth.domain.people import Person, person_id_of
from services.auth.ports import Clock
from services.auth.ports.people import People
from services.auth.usecases.grants import TokenSet
from services.auth.usecases.keyring import Keyring

ID_TOKEN_SECONDS: Final = 3600  # it is read once, at login


class Identities:
    def __init__(self, people: People, keyring: Keyring, clock: Clock, issuer: str) -> None:
        self._people = people
        self._keyring = keyring
        self._clock = clock
        self._issuer = issuer

    def userinfo(self, subject: str, scopes: Collection[str]) -> dict[str, Any]:
        """`sub`, and by scope: preferred_username, name, wallets (profile), email, groups.

        A wallet of nobody's is its own user name.
        """
        person_id = person_id_of(subject)
        if person_id is None:
            return _of_no_person(subject, scopes)
        person = self._people.by_id(person_id)
        return {"sub": subject} | ({} if person is None else _of_person(person, scopes))

    def id_token(self, issued: TokenSet, access_token: str) -> str | None:
        """None unless `openid` was granted. Raises NoActiveKey."""
        grant = issued.grant
        if "openid" not in grant.scopes:
            return None
        now = int(self._clock.now())
        optional = {
            "auth_time": grant.details.get("auth_time"),
            "amr": list(grant.details.get("amr", ())) or None,
            "nonce": issued.nonce,
        }
        claims = {
            **self.userinfo(grant.subject, grant.scopes),
            "iss": self._issuer,
            "aud": grant.client_id,
            "exp": now + min(ID_TOKEN_SECONDS, issued.access.expires_in),
            "iat": now,
            "at_hash": half_hash(access_token),
            **{name: value for name, value in optional.items() if value is not None},
        }
        return tokens.issue(claims, self._keyring.current().signing, {"typ": "JWT"})


def half_hash(text: str) -> str:
    """`at_hash` (OIDC core 3.1.3.6) for ES256: the left half of SHA-256."""
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()[:16]).rstrip(b"=").decode()


def _of_person(person: Person, scopes: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "profile" in scopes:
        found |= {"preferred_username": person.username, "name": person.display_name}
        found["wallets"] = list(person.wallets)
    if "email" in scopes and person.email:
        found["email"] = person.email
    if "groups" in scopes:
        found["groups"] = list(person.groups)
    return found


def _of_no_person(subject: str, scopes: Collection[str]) -> dict[str, Any]:
    found: dict[str, Any] = {"sub": subject}
    name = subject.removeprefix(WALLET).removeprefix(CLIENT)
    if "profile" in scopes:
        found |= {"preferred_username": name, "name": name}
        found["wallets"] = [name] if subject.startswith(WALLET) else []
    if "groups" in scopes:
        found["groups"] = []
    return found
