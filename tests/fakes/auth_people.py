"""Memory versions of the ports about people: as strict as the databases, one lock around everything."""

import threading
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import ceil

from libs.web.principal import PERSON, WALLET
from services.auth.domain.accounts import LastWayIn
from services.auth.domain.audit import AuditEvent, AuditQuery, StoredEvent
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.guesses import KNOWN_SECONDS, REST_SECONDS, lock_seconds
from services.auth.domain.people import (
    NAME_REST_SECONDS,
    CertificateTaken,
    Group,
    LastAdmin,
    NameTaken,
    NoSuchGroup,
    NoSuchPerson,
    PasswordsBusy,
    Person,
    PersonState,
    TooManyGuesses,
    WalletTaken,
)
from services.auth.domain.stamps import BUCKETS, bucket_of
from services.auth.ports import Clock
from tests.fakes.auth import FrozenClock

REMOVED = PersonState.REMOVED


class MemoryStamps:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values = dict.fromkeys(range(BUCKETS), 1)
        self.is_down = False

    def value(self, bucket: int) -> int:
        if self.is_down:
            raise StoreUnavailable
        return self._values[bucket]

    def values(self, buckets: Sequence[int]) -> list[int]:
        return [self.value(bucket) for bucket in buckets]

    def all(self) -> list[int]:
        if self.is_down:
            raise StoreUnavailable
        with self._lock:
            return list(self._values.values())

    def move(self, *subjects: str) -> None:
        with self._lock:
            for bucket in {bucket_of(subject) for subject in subjects}:
                self._values[bucket] += 1

    def move_all(self) -> None:
        with self._lock:
            for bucket in self._values:
                self._values[bucket] += 1


class MemoryPeople:
    def __init__(self, clock: Clock | None = None, stamps: MemoryStamps | None = None) -> None:
        self._clock: Clock = clock or FrozenClock()
        self._lock = threading.RLock()
        self.stamps = stamps or MemoryStamps()
        self._people: dict[str, Person] = {}
        self._changed_at: dict[str, float] = {}
        self._hashes: dict[str, str] = {}
        self._groups: dict[str, Group] = {}
        self._members: dict[str, set[str]] = {}  # person id -> names
        self._wallets: dict[str, str] = {}
        self._certificates: dict[str, tuple[str, str | None]] = {}  # subject -> person id, issuer

    def add(self, person: Person, password_hash: str | None) -> None:
        with self._lock:
            since = self._clock.now() - NAME_REST_SECONDS
            for known in self._people.values():
                rests = known.state is not REMOVED or self._changed_at[known.id] > since
                if known.username == person.username and rests:
                    raise NameTaken
            if not self._wallets.keys().isdisjoint(person.wallets):
                raise WalletTaken
            self._wallets |= dict.fromkeys(person.wallets, person.id)
            self._people[person.id] = replace(person, groups=(), wallets=())
            self._changed_at[person.id] = self._clock.now()
            if password_hash is not None:
                self._hashes[person.id] = password_hash
            self.stamps.move(person.subject, *(WALLET + address for address in person.wallets))

    def has_admin(self) -> bool:
        return bool(self._admins())

    def by_id(self, person_id: str) -> Person | None:
        with self._lock:
            person = self._people.get(person_id)
            return None if person is None else self._whole(person)

    def by_username(self, username: str) -> Person | None:
        with self._lock:
            found = [person for person in self._there() if person.username == username]
            return self._whole(found[0]) if found else None

    def by_wallet(self, address: str) -> Person | None:
        with self._lock:
            person_id = self._wallets.get(address)
            return None if person_id is None else self.by_id(person_id)

    def by_certificate(self, subject_dn: str, issuer_dn: str) -> Person | None:
        with self._lock:
            person_id, issuer = self._certificates.get(subject_dn, ("", None))
            return self.by_id(person_id) if issuer in (None, issuer_dn) else None

    def page(self, after: str, most: int) -> list[Person]:
        with self._lock:
            found = sorted((p for p in self._there() if p.username > after), key=lambda p: p.username)
            return [self._whole(person) for person in found[:most]]

    def change(
        self,
        person_id: str,
        *,
        display_name: str | None = None,
        email: str | None = None,
        state: PersonState | None = None,
        is_admin: bool | None = None,
        virtual_clusters: Collection[str] | None = None,
    ) -> Person:
        with self._lock:
            before = self._locked(person_id)
            after = replace(
                before,
                display_name=before.display_name if display_name is None else display_name,
                email=before.email if email is None else email or None,
                state=before.state if state is None else state,
                is_admin=before.is_admin if is_admin is None else is_admin,
                virtual_clusters=(
                    before.virtual_clusters
                    if virtual_clusters is None
                    else tuple(sorted(set(virtual_clusters)))
                ),
            )
            stays = after.is_admin and after.state is PersonState.ACTIVE
            if self._admins() == [person_id] and not stays:
                raise LastAdmin
            if (after.is_admin, after.state) != (before.is_admin, before.state):
                after = replace(after, version=after.version + 1)
            if after.state is REMOVED:
                after = replace(after, email=None, is_admin=False)
                self._forget(after)
            self._keep(after)
            return self._whole(after)

    def password_hash(self, person_id: str) -> str | None:
        return self._hashes.get(person_id)

    def set_password(self, person_id: str, password_hash: str | None) -> None:
        with self._lock:
            person = self._locked(person_id)
            self._hashes.pop(person_id, None)
            if password_hash is not None:
                self._hashes[person_id] = password_hash
            self._keep(replace(person, version=person.version + 1))

    def swap_hash(self, person_id: str, known: str, new: str) -> bool:
        with self._lock:
            if self._hashes.get(person_id) != known:
                return False
            self._hashes[person_id] = new
            return True

    def link_wallet(self, person_id: str, address: str) -> None:
        with self._lock:
            person = self._locked(person_id)
            if self._wallets.setdefault(address, person_id) != person_id:
                raise WalletTaken
            self.stamps.move(person.subject, WALLET + address)

    def unlink_wallet(self, person_id: str, address: str, *, keeps_way_in: bool = False) -> bool:
        with self._lock:
            person = self._locked(person_id)
            if self._wallets.get(address) != person_id:
                return False
            own = list(self._wallets.values()).count(person_id)
            others = own > 1 or bool(self.certificates(person_id))
            if keeps_way_in and not others and person_id not in self._hashes:
                raise LastWayIn
            del self._wallets[address]
            self.stamps.move(person.subject, WALLET + address)
            return True

    def link_certificate(self, person_id: str, subject_dn: str, issuer_dn: str | None) -> None:
        with self._lock:
            person = self._locked(person_id)
            if self._certificates.get(subject_dn, (person_id,))[0] != person_id:
                raise CertificateTaken
            self._certificates[subject_dn] = (person_id, issuer_dn)
            self.stamps.move(person.subject)

    def unlink_certificate(self, person_id: str, subject_dn: str) -> bool:
        with self._lock:
            person = self._locked(person_id)
            if self._certificates.get(subject_dn, ("",))[0] != person_id:
                return False
            del self._certificates[subject_dn]
            self.stamps.move(person.subject)
            return True

    def certificates(self, person_id: str) -> list[tuple[str, str | None]]:
        with self._lock:
            return sorted(
                (dn, issuer) for dn, (owner, issuer) in self._certificates.items() if owner == person_id
            )

    def put_group(self, group: Group) -> None:
        with self._lock:
            self._groups[group.name] = group
            self._move_members(group.name)

    def group(self, name: str) -> Group | None:
        return self._groups.get(name)

    def groups(self) -> list[Group]:
        with self._lock:
            return [self._groups[name] for name in sorted(self._groups)]

    def remove_group(self, name: str) -> bool:
        with self._lock:
            if self._groups.pop(name, None) is None:
                return False
            self._move_members(name)
            for names in self._members.values():
                names.discard(name)
            return True

    def set_groups(self, person_id: str, names: Sequence[str]) -> None:
        with self._lock:
            self._locked(person_id)
            if not self._groups.keys() >= set(names):
                raise NoSuchGroup
            self._members[person_id] = set(names)
            self.stamps.move(PERSON + person_id)

    def _whole(self, person: Person) -> Person:
        wallets = sorted(address for address, owner in self._wallets.items() if owner == person.id)
        groups = sorted(self._members.get(person.id, ()))
        return replace(person, groups=tuple(groups), wallets=tuple(wallets))

    def _there(self) -> list[Person]:
        return [person for person in self._people.values() if person.state is not REMOVED]

    def _admins(self) -> list[str]:
        return [p.id for p in self._people.values() if p.is_admin and p.state is PersonState.ACTIVE]

    def _locked(self, person_id: str) -> Person:
        person = self._people.get(person_id)
        if person is None or person.state is REMOVED:
            raise NoSuchPerson
        return person

    def _keep(self, person: Person) -> None:
        self._people[person.id] = person
        self._changed_at[person.id] = self._clock.now()
        self.stamps.move(person.subject)

    def _forget(self, person: Person) -> None:
        self._hashes.pop(person.id, None)
        self._members.pop(person.id, None)
        for address in [a for a, owner in self._wallets.items() if owner == person.id]:
            del self._wallets[address]
            self.stamps.move(WALLET + address)
        for dn in [dn for dn, (owner, _) in self._certificates.items() if owner == person.id]:
            del self._certificates[dn]

    def _move_members(self, name: str) -> None:
        self.stamps.move(*(PERSON + owner for owner, names in self._members.items() if name in names))


@dataclass
class _Count:
    failures: int
    first_at: float
    last_at: float
    locked_until: float = 0.0


class MemoryGuesses:
    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or FrozenClock()
        self._lock = threading.RLock()
        self._counts: dict[str, _Count] = {}

    def check(self, *keys: str) -> None:
        now = self._clock.now()
        with self._lock:
            locks = [self._counts[key].locked_until for key in keys if key in self._counts]
        if (most := max(locks, default=0.0)) > now:
            raise TooManyGuesses(max(1, ceil(most - now)))

    def failed(self, *keys: str) -> None:
        now = self._clock.now()
        with self._lock:
            for key in set(keys):
                count = self._counts.setdefault(key, _Count(0, now, now))
                count.failures = 1 if count.last_at < now - REST_SECONDS else count.failures + 1
                count.last_at = now
                wait = lock_seconds(key, count.failures)
                count.locked_until = now + wait if wait else 0.0

    def attempt(self, *keys: str) -> int:
        with self._lock:
            self.check(*keys)
            self.failed(*keys)
            return max((lock_seconds(key, self._counts[key].failures) for key in keys), default=0)

    def passed(self, *keys: str) -> None:
        with self._lock:
            for key in keys:
                self._counts.pop(key, None)

    def take_back(self, *keys: str) -> None:
        with self._lock:
            for count_key in keys:
                count = self._counts.get(count_key)
                if count is not None and count.failures > 0:
                    count.failures -= 1
                    if lock_seconds(count_key, count.failures) == 0:
                        count.locked_until = 0.0

    def remember(self, key: str) -> None:
        now = self._clock.now()
        with self._lock:
            self._counts[key] = _Count(0, now, now)

    def is_known(self, key: str) -> bool:
        count = self._counts.get(key)
        return count is not None and count.first_at > self._clock.now() - KNOWN_SECONDS


class MemoryAudit:
    def __init__(self, clock: Clock | None = None) -> None:
        self._clock: Clock = clock or FrozenClock()
        self._lock = threading.Lock()
        self.stored: list[StoredEvent] = []

    @property
    def events(self) -> list[AuditEvent]:
        return [stored.event for stored in self.stored]

    def record(self, event: AuditEvent) -> None:
        with self._lock:
            number = len(self.stored) + 1
            self.stored.append(
                StoredEvent(id=number, at=self._clock.now(), peer="", request_id="", event=event)
            )

    def page(self, query: AuditQuery) -> list[StoredEvent]:
        found = [
            stored
            for stored in reversed(self.stored)
            if (query.before is None or stored.id < query.before)
            and query.subject in (None, stored.event.subject)
            and query.actor in (None, stored.event.actor)
            and query.event in (None, stored.event.event)
        ]
        return found[: query.most]


class PlainHasher:
    """Hashes nothing, and remembers what it looked at."""

    def __init__(self) -> None:
        self.looked_at: list[str | None] = []
        self.is_busy = False

    def hash(self, password: str) -> str:
        if self.is_busy:
            raise PasswordsBusy
        return "plain$" + password

    def verify(self, stored: str | None, password: str) -> bool:
        self.looked_at.append(stored)
        if self.is_busy:
            raise PasswordsBusy
        return stored is not None and stored.partition("$")[2] == password

    def is_outdated(self, stored: str) -> bool:
        return not stored.startswith("plain$")
