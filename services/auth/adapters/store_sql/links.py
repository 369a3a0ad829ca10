"""The part of the port People that is about wallets and certificates."""

from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, or_, select, union_all, update

from libs.sql.engine import Database
from libs.web.principal import WALLET
from services.auth.adapters.store_sql.inserts import insert_or_ignore, was_inserted
from services.auth.adapters.store_sql.people_rows import person_of, select_people
from services.auth.adapters.store_sql.people_tables import certificates, passwords, people, wallets
from services.auth.adapters.store_sql.stamps import move_stamps
from services.auth.adapters.store_sql.work import is_storable, moment, read, write
from services.auth.domain.accounts import LastWayIn
from services.auth.domain.people import (
    CertificateTaken,
    NoSuchPerson,
    Person,
    PersonState,
    WalletTaken,
)
from services.auth.ports import Clock

_LOCKED: Final = (
    select_people()
    .where(people.c.id == bindparam("id"), people.c.state != PersonState.REMOVED.value)
    .with_for_update(of=people)
)
_BY_WALLET: Final = (
    select_people()
    .join(wallets, wallets.c.person_id == people.c.id)
    .where(wallets.c.address == bindparam("address"))
)
_BY_CERTIFICATE: Final = (
    select_people()
    .join(certificates, certificates.c.person_id == people.c.id)
    .where(
        certificates.c.subject_dn == bindparam("subject"),
        or_(certificates.c.issuer_dn.is_(None), certificates.c.issuer_dn == bindparam("issuer")),
    )
)
_CERTIFICATES: Final = (
    select(certificates.c.subject_dn, certificates.c.issuer_dn)
    .where(certificates.c.person_id == bindparam("id"))
    .order_by(certificates.c.subject_dn)
)
_OWNER_OF_WALLET: Final = select(wallets.c.person_id).where(wallets.c.address == bindparam("address"))
_OWN_ISSUER: Final = update(certificates).where(
    certificates.c.subject_dn == bindparam("subject"), certificates.c.person_id == bindparam("id")
)
_WAY_IN: Final = union_all(
    *(
        select(table.c.person_id).where(table.c.person_id == bindparam("id"))
        for table in (wallets, passwords, certificates)
    )
)


class SqlLinks:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._insert_wallet = insert_or_ignore(database, wallets)
        self._insert_certificate = insert_or_ignore(database, certificates)

    def by_wallet(self, address: str) -> Person | None:
        return self._find(_BY_WALLET, {"address": address})

    def by_certificate(self, subject_dn: str, issuer_dn: str) -> Person | None:
        return self._find(_BY_CERTIFICATE, {"subject": subject_dn, "issuer": issuer_dn})

    def link_wallet(self, person_id: str, address: str) -> None:
        row = {"address": address, "person_id": person_id, "linked_at": moment(self._clock.now())}

        def work(connection: Connection) -> None:
            person = self._locked(connection, person_id)
            if not was_inserted(connection, self._insert_wallet, row):
                if connection.execute(_OWNER_OF_WALLET, {"address": address}).scalar() != person_id:
                    raise WalletTaken
                return
            move_stamps(connection, person.subject, WALLET + address)

        write(self._database, work)

    def _link_all(self, connection: Connection, person: Person) -> None:
        """The wallets of a new person. Raises WalletTaken."""
        now = moment(self._clock.now())
        for address in person.wallets:
            row = {"address": address, "person_id": person.id, "linked_at": now}
            if not was_inserted(connection, self._insert_wallet, row):
                raise WalletTaken

    def unlink_wallet(self, person_id: str, address: str, *, keeps_way_in: bool = False) -> bool:
        gone = delete(wallets).where(wallets.c.address == address, wallets.c.person_id == person_id)

        def work(connection: Connection) -> bool:
            person = self._locked(connection, person_id)
            if connection.execute(gone).rowcount == 0:
                return False
            if keeps_way_in and connection.execute(_WAY_IN, {"id": person_id}).first() is None:
                raise LastWayIn
            move_stamps(connection, person.subject, WALLET + address)
            return True

        return write(self._database, work)

    def link_certificate(self, person_id: str, subject_dn: str, issuer_dn: str | None) -> None:
        row = {
            "subject_dn": subject_dn,
            "issuer_dn": issuer_dn,
            "person_id": person_id,
            "added_at": moment(self._clock.now()),
        }
        own = {"subject": subject_dn, "id": person_id}

        def work(connection: Connection) -> None:
            person = self._locked(connection, person_id)
            if not was_inserted(connection, self._insert_certificate, row):
                changed = connection.execute(_OWN_ISSUER.values(issuer_dn=issuer_dn), own)
                if changed.rowcount == 0:
                    raise CertificateTaken
            move_stamps(connection, person.subject)

        write(self._database, work)

    def unlink_certificate(self, person_id: str, subject_dn: str) -> bool:
        gone = delete(certificates).where(
            certificates.c.subject_dn == subject_dn, certificates.c.person_id == person_id
        )

        def work(connection: Connection) -> bool:
            person = self._locked(connection, person_id)
            if connection.execute(gone).rowcount == 0:
                return False
            move_stamps(connection, person.subject)
            return True

        return write(self._database, work)

    def certificates(self, person_id: str) -> list[tuple[str, str | None]]:
        rows = read(
            self._database, lambda connection: connection.execute(_CERTIFICATES, {"id": person_id}).all()
        )
        return [(row[0], row[1]) for row in rows]

    def _find(self, query: Any, values: dict[str, Any]) -> Person | None:
        if not all(map(is_storable, values.values())):
            return None
        row = read(self._database, lambda connection: connection.execute(query, values).first())
        return None if row is None else person_of(row)

    def _locked(self, connection: Connection, person_id: str) -> Person:
        """The person, whom no other transaction changes until this one ends. Raises NoSuchPerson."""
        row = connection.execute(_LOCKED, {"id": person_id}).first()
        if row is None:
            raise NoSuchPerson
        return person_of(row)
