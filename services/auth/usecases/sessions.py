"""Sessions of browsers: begun at a login, looked up at each page, ended by logout, time or a change."""

from libs.web.principal import WALLET
from services.auth.domain.audit import AuditEvent
from services.auth.domain.people import Person, PersonState, person_id_of
from services.auth.domain.secrets import SECRET_CHARS, hash_of, new_secret
from services.auth.domain.sessions import NotSignedIn, Session, SessionPolicy, SignedIn
from services.auth.ports import Clock
from services.auth.ports.people import Audit, People, Sessions

STEP_SECONDS = 60  # a session's end is moved on in steps, not with every page
PURGED = 100  # rows of sessions long over that a login takes away


class LoginSessions:
    """Logging in always makes a new id: an id that somebody planted before is worth nothing after."""

    def __init__(
        self, store: Sessions, people: People, clock: Clock, audit: Audit, policy: SessionPolicy
    ) -> None:
        self._audit = audit
        self._store = store
        self._people = people
        self._clock = clock
        self._policy = policy

    def begin(self, subject: str, amr: str) -> str:
        """The new session's id, for the cookie. Raises NotSignedIn, StoreUnavailable."""
        now = self._clock.now()
        session_id = new_secret()
        person = self._person(subject)
        if person is not None and person.state is not PersonState.ACTIVE:
            raise NotSignedIn
        session = Session(
            subject=subject,
            amr=amr,
            person_version=None if person is None else person.version,
            authenticated_at=now,
            expires_at=self._policy.deadline(now, now),
        )
        self._store.add(hash_of(session_id), session)
        self._store.purge(now - self._policy.lifetime_seconds, PURGED)
        self._record("session.begin", subject if person is None else person.subject, amr=amr)
        return session_id

    def find(self, session_id: str) -> SignedIn | None:
        """Who that is, None when nobody any more. Raises StoreUnavailable."""
        if not _could_be_one(session_id):
            return None
        session_hash = hash_of(session_id)
        session = self._store.get(session_hash)
        now = self._clock.now()
        if session is None or now >= session.expires_at:
            return None
        deadline = self._policy.deadline(session.authenticated_at, now)
        if now >= deadline:
            return None  # the lifetime was made shorter since
        found = self._signed_in(session_hash, session)
        if found is not None and deadline - session.expires_at >= STEP_SECONDS:
            self._store.extend(session_hash, deadline)
        return found

    def end(self, session_id: str) -> None:
        """Logout; ending twice is fine."""
        if _could_be_one(session_id):
            self._store.end(hash_of(session_id), self._clock.now())

    def end_all(self, who: SignedIn) -> int:
        """Every browser of whoever that is; how many there were."""
        wallets = () if who.person is None else who.person.wallets
        subjects = (who.subject, *(WALLET + address for address in wallets))
        ended = sum(self._store.end_all(subject, self._clock.now()) for subject in subjects)
        self._record("session.end_all", who.subject, ended=ended)
        return ended

    @property
    def lifetime_seconds(self) -> int:
        """No session lives longer."""
        return self._policy.lifetime_seconds

    def age(self, who: SignedIn) -> float:
        """Seconds since the login."""
        return self._clock.now() - who.authenticated_at

    def _signed_in(self, session_hash: str, session: Session) -> SignedIn | None:
        person = self._person(session.subject)
        if session.person_version != (None if person is None else person.version):
            return None  # password changed, wallet linked or taken away since
        if person is None and not session.subject.startswith(WALLET):
            return None
        if person is not None and person.state is not PersonState.ACTIVE:
            return None
        return SignedIn(
            session_hash=session_hash,
            subject=session.subject if person is None else person.subject,
            name=session.subject.removeprefix(WALLET) if person is None else person.username,
            person=person,
            amr=session.amr,
            authenticated_at=session.authenticated_at,
        )

    def _record(self, event: str, subject: str, **details: str | int) -> None:
        self._audit.record(AuditEvent(event=event, actor=subject, subject=subject, details=details))

    def _person(self, subject: str) -> Person | None:
        person_id = person_id_of(subject)
        if person_id is not None:
            return self._people.by_id(person_id)
        return self._people.by_wallet(subject.removeprefix(WALLET))


def _could_be_one(session_id: str) -> bool:
    return len(session_id) == SECRET_CHARS and session_id.isascii()
