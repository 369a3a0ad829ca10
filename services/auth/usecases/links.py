"""Groups and who is in them; certificates and wallets that stand for a person, set by administrators."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from libs.signing.keys import checksum
from libs.web.principal import Principal
from services.auth.domain.audit import AuditEvent
from services.auth.domain.authority import need_admin
from services.auth.domain.distinguished_names import parse_dn
from services.auth.domain.people import (
    MOST_GROUPS,
    BadField,
    Group,
    NoSuchGroup,
    NoSuchPerson,
    Person,
    check_group,
)
from services.auth.ports.people import Audit, People


class Links:
    """Everything raises NotAllowed and StoreUnavailable, and what names a person NoSuchPerson."""

    def __init__(self, people: People, audit: Audit) -> None:
        self._people = people
        self._audit = audit

    def groups(self, actor: Principal) -> list[Group]:
        need_admin(actor)
        return self._people.groups()

    def put_group(self, actor: Principal, name: str, vo: str, properties: Sequence[str]) -> Group:
        """Make the group, or change it for all its members. Raises BadName, BadField."""
        need_admin(actor)
        group = check_group(name, vo, properties)
        self._people.put_group(group)
        self._note(
            actor, "group.put", details={"group": name, "vo": vo, "properties": list(group.properties)}
        )
        return group

    def remove_group(self, actor: Principal, name: str) -> None:
        """Its members leave it. Raises NoSuchGroup."""
        need_admin(actor)
        if not self._people.remove_group(name):
            raise NoSuchGroup
        self._note(actor, "group.remove", details={"group": name})

    def set_groups(self, actor: Principal, username: str, names: Iterable[str]) -> Person:
        """Exactly these. Raises NoSuchGroup, BadField."""
        person = self._found(actor, username)
        wanted = sorted(set(names))
        if len(wanted) > MOST_GROUPS:
            raise BadField("groups", f"A person is in at most {MOST_GROUPS} groups.")
        self._people.set_groups(person.id, wanted)
        self._note(actor, "person.groups", person, {"groups": wanted})
        return self._found(actor, username)

    def certificates(self, actor: Principal, username: str) -> list[tuple[str, str | None]]:
        return self._people.certificates(self._found(actor, username).id)

    def link_certificate(self, actor: Principal, username: str, subject: str, issuer: str | None) -> str:
        """Names in slash form; without an issuer any will do. Returns the subject as stored.

        Raises BadField, CertificateTaken.
        """
        person = self._found(actor, username)
        subject_dn = parse_dn(subject)
        issuer_dn = None if issuer is None else parse_dn(issuer, "issuer")
        self._people.link_certificate(person.id, subject_dn, issuer_dn)
        self._note(actor, "certificate.link", person, {"subject": subject_dn, "issuer": issuer_dn})
        return subject_dn

    def unlink_certificate(self, actor: Principal, username: str, subject: str) -> bool:
        """Whether it was there. Raises BadField."""
        person = self._found(actor, username)
        subject_dn = parse_dn(subject)
        if not self._people.unlink_certificate(person.id, subject_dn):
            return False
        self._note(actor, "certificate.unlink", person, {"subject": subject_dn})
        return True

    def link_wallet(self, actor: Principal, username: str, address: str) -> str:
        """Without a signature of the wallet: the administrator vouches for it. Returns the address as stored.

        Raises MalformedAddress of the signing library, WalletTaken.
        """
        person = self._found(actor, username)
        wallet = checksum(address)
        self._people.link_wallet(person.id, wallet)
        self._note(actor, "wallet.link", person, {"wallet": wallet})
        return wallet

    def unlink_wallet(self, actor: Principal, username: str, address: str) -> bool:
        """Whether it was there. Raises MalformedAddress."""
        person = self._found(actor, username)
        wallet = checksum(address)
        if not self._people.unlink_wallet(person.id, wallet):
            return False
        self._note(actor, "wallet.unlink", person, {"wallet": wallet})
        return True

    def _found(self, actor: Principal, username: str) -> Person:
        need_admin(actor)
        person = self._people.by_username(username)
        if person is None:
            raise NoSuchPerson
        return person

    def _note(
        self,
        actor: Principal,
        event: str,
        person: Person | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        subject = "" if person is None else person.subject
        self._audit.record(
            AuditEvent(event=event, actor=actor.subject, subject=subject, details=details or {})
        )
