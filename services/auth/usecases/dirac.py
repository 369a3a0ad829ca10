"""DIRAC's users: who a certificate is, which groups that person may act in, and a token for one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from services.auth.domain import scopes as vocabulary
from services.auth.domain.audit import AuditEvent
from services.auth.domain.certificates import (
    Certificate,
    CertificateMissing,
    CertificateRefused,
    CertificateUnknown,
    parse_pem,
)
from services.auth.domain.clients import BUILTIN, DIRAC_CERTIFICATE
from services.auth.domain.dirac import Asked, Standing, asked_of, claims_of, stand
from services.auth.domain.grants import Grant
from services.auth.domain.people import Group, Person, PersonState, person_id_of
from services.auth.ports import Clock
from services.auth.ports.people import Audit, People
from services.auth.usecases.grants import GrantFlows, TokenSet

FLOW: Final = "certificate"
AMR: Final = "x509"
USERS: Final = "NormalUser"  # the property of those who submit jobs
MOST_SECONDS: Final = 86_400  # of a token that cannot be refreshed (contract 1.5)


@dataclass(frozen=True, slots=True)
class Presented:
    """A client certificate as the gateway told it; `failure` says why its chain is not good."""

    pem: str
    failure: str | None = None


class Certificates:
    """Reads what was presented, and knows its owner."""

    def __init__(self, people: People, clock: Clock, audit: Audit) -> None:
        self._people = people
        self._clock = clock
        self._audit = audit

    def read(self, presented: Presented | None) -> Certificate:
        """Raises CertificateMissing, CertificateRefused."""
        if presented is None:
            raise CertificateMissing
        if presented.failure is not None and not presented.pem:
            raise CertificateRefused(f"The certificate was not accepted: {presented.failure}.")
        certificate = parse_pem(presented.pem.encode())
        certificate.check(self._clock.now())
        if presented.failure is not None:
            raise CertificateRefused(f"The certificate was not accepted: {presented.failure}.")
        return certificate

    def owner(self, presented: Presented | None) -> Person:
        """Raises CertificateMissing, CertificateRefused, CertificateUnknown, StoreUnavailable."""
        certificate = self.read(presented)
        person = self._people.by_certificate(certificate.subject, certificate.issuer)
        if person is None or person.state is not PersonState.ACTIVE:
            details = {"certificate": certificate.subject}
            subject = "" if person is None else person.subject
            self._audit.record(
                AuditEvent(event="login.certificate", outcome="refused", subject=subject, details=details)
            )
            raise CertificateUnknown
        return person


class Dirac:
    def __init__(
        self,
        people: People,
        certificates: Certificates,
        flows: GrantFlows,
        clock: Clock,
        audit: Audit,
        setups: Sequence[str],
    ) -> None:
        self._people = people
        self.certificates = certificates
        self._flows = flows
        self._clock = clock
        self._audit = audit
        self.setups = tuple(setups)

    def groups(self, person: Person) -> list[Group]:
        """By name."""
        found = (self._people.group(name) for name in person.groups)
        return [group for group in found if group is not None]

    def organisations(self) -> dict[str, Any]:
        """Every VO as DiracX's metadata have it; its first group of users is the default."""
        found: dict[str, dict[str, Any]] = {}
        for group in self._people.groups():
            organisation = found.setdefault(
                group.vo,
                {
                    "groups": {},
                    "default_group": group.name,
                    "support": {"message": "", "webpage": None, "email": None},
                },
            )
            default = organisation["groups"].get(organisation["default_group"], {"properties": []})
            if USERS in group.properties and USERS not in default["properties"]:
                organisation["default_group"] = group.name
            organisation["groups"][group.name] = {"properties": list(group.properties)}
        return found

    def stand(self, person: Person, asked: Asked) -> Standing:
        """Raises GroupNeeded, SetupNeeded, NotInGroup, NoSuchVo, PropertyNotAllowed, NoSuchSetup."""
        return stand(asked, self.groups(person), self.setups)

    def sign_in(
        self,
        presented: Presented | None,
        *,
        scope: str = "",
        group: str | None = None,
        setup: str | None = None,
    ) -> TokenSet:
        """Flow A: a token for the certificate's owner (contract 1.2), without a refresh token.

        Raises what `Certificates.owner` and `stand` raise, UnknownScope, NoActiveKey.
        """
        person = self.certificates.owner(presented)
        scopes = vocabulary.parse_scope(scope)
        standing = self.stand(person, asked_of(scopes, group, setup))
        rights = tuple(sorted(vocabulary.BATCH.intersection(scopes) or vocabulary.BATCH))
        client = BUILTIN[DIRAC_CERTIFICATE]
        now = self._clock.now()
        grant = self._flows.new_grant(
            client,
            person.subject,
            FLOW,
            scopes=(*standing.scopes, *rights),
            seconds=MOST_SECONDS,
            details={
                **standing.as_details(),
                "amr": [AMR],
                "auth_time": now,
                "access_seconds": MOST_SECONDS,
                "person_version": person.version,
            },
        )
        issued = self._flows.start(grant, client)
        self._record("login.certificate", person.subject, grant, group=standing.group.name)
        return issued

    def claims(self, grant: Grant) -> Mapping[str, Any]:
        """What a grant's group adds to its access tokens; for `GrantFlows.extras`."""
        if not grant.details.get("group"):
            return {}
        person_id = person_id_of(grant.subject)
        return claims_of(grant.details, None if person_id is None else self._people.by_id(person_id))

    def _record(self, event: str, subject: str, grant: Grant, **details: str) -> None:
        self._audit.record(
            AuditEvent(
                event=event,
                actor=subject,
                subject=subject,
                client_id=grant.client_id,
                details={"gid": grant.id, **details},
            )
        )
