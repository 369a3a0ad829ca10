"""API keys over fakes: who may make which, whom they act as, and when that ends."""

from typing import Any

import pytest

from libs.web.principal import WALLET, Principal
from services.auth.domain.api_keys import KeyRequest, NoSuchKey, ScopesNotYours
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.people import PersonState
from services.auth.usecases.api_keys import ApiKeyResolver, PersonalKeys
from services.auth.usecases.resolvers import Subjects
from tests.dcp_vectors import A, B
from tests.fakes.auth import FrozenClock
from tests.fakes.auth_keys import MemoryApiKeys, person
from tests.fakes.auth_people import MemoryAudit, MemoryPeople

pytestmark = pytest.mark.clause("dcp 2.4")

PEER = "192.0.2.7"
EVERYTHING = frozenset({"job:read", "job:write", "accounts:read", "keys"})


class World:
    def __init__(self) -> None:
        self.clock = FrozenClock(1_700_000_000.0)
        self.store = MemoryApiKeys()
        self.audit = MemoryAudit(self.clock)
        self.people = MemoryPeople(self.clock)
        self.keys = PersonalKeys(self.store, self.audit, self.clock)
        self.resolver = ApiKeyResolver(self.keys, Subjects(self.people))

    def act(self, text: str) -> Principal:
        return self.resolver.resolve(text, PEER).principal


@pytest.fixture
def world() -> World:
    return World()


def wallet(address: str = A.address, **changes: Any) -> Principal:
    known: dict[str, Any] = {
        "subject": WALLET + address,
        "name": address,
        "display_name": address,
        "wallets": (address,),
        "scopes": EVERYTHING,
        "credential": "keystore",
        **changes,
    }
    return Principal(**known)


def test_a_key_acts_as_who_made_it(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest(label="laptop", seconds=60))
    assert made.text == f"{made.key.key_id}.{made.text[21:]}"
    found = world.act(made.text)
    assert (found.subject, found.credential) == (WALLET + A.address, "api_key")
    assert found.scopes == {"job:read", "job:write", "accounts:read"}
    assert found.expires_at == world.clock.time + 60
    assert not found.may("keys")


def test_the_secret_is_nowhere_kept(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    secret = made.text[21:]
    assert secret not in repr(world.store.keys) + repr(world.audit.stored) + repr(made)


def test_a_wallets_key_acts_as_the_person_while_the_wallet_is_linked(world: World) -> None:
    ada = person("ada")
    world.people.add(ada, None)
    made = world.keys.create(wallet(), KeyRequest())
    world.people.link_wallet(ada.id, A.address)
    found = world.resolver.resolve(made.text, PEER)
    assert (found.principal.subject, found.subjects) == (ada.subject, (WALLET + A.address,))
    world.people.unlink_wallet(ada.id, A.address)
    assert world.act(made.text).subject == WALLET + A.address


def test_a_disabled_persons_keys_rest(world: World) -> None:
    ada = person("ada")
    world.people.add(ada, None)
    made = world.keys.create(wallet(subject=ada.subject, wallets=()), KeyRequest())
    assert world.act(made.text).subject == ada.subject
    world.people.change(ada.id, state=PersonState.DISABLED)
    with pytest.raises(CredentialRefused):
        world.act(made.text)


def test_administration_by_key_needs_an_administrator_now(world: World) -> None:
    ada, bob = person("ada", is_admin=True), person("bob", is_admin=True)
    for one in (ada, bob):
        world.people.add(one, None)
    made = world.keys.create(
        wallet(subject=ada.subject, scopes=EVERYTHING | {"admin"}), KeyRequest(scopes=("admin", "job:read"))
    )
    assert world.act(made.text).may("admin")
    world.people.change(ada.id, is_admin=False)
    assert not world.act(made.text).may("admin")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text[:-1] + ("A" if text[-1] != "A" else "B"),
        lambda text: "0" * 20 + text[20:],
        lambda text: text[:21] + "A" * 43,
        lambda text: text + "A",
        lambda text: text.replace(".", ":"),
        lambda _: "",
    ],
)
def test_another_text_is_no_key(world: World, spoil: Any) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    with pytest.raises(CredentialRefused):
        world.act(spoil(made.text))


def test_a_key_ends_at_its_time_and_not_before(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest(seconds=60))
    world.clock.time += 59
    world.act(made.text)
    world.clock.time += 1
    with pytest.raises(CredentialRefused):
        world.act(made.text)
    assert world.keys.of(wallet()) == []


def test_a_revoked_key_is_refused_at_once_and_the_stamp_has_moved(world: World) -> None:
    made, other = (world.keys.create(wallet(), KeyRequest()) for _ in range(2))
    before = world.store.stamps.all()
    world.keys.revoke(wallet(), made.key.key_id)
    assert world.store.stamps.all() != before
    with pytest.raises(CredentialRefused):
        world.act(made.text)
    world.act(other.text)
    with pytest.raises(NoSuchKey):
        world.keys.revoke(wallet(), made.key.key_id)
    assert [event.event for event in world.audit.events] == ["api_key.create"] * 2 + ["api_key.revoke"]


def test_nobody_lists_or_revokes_the_keys_of_others(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    assert world.keys.of(wallet(B.address)) == []
    for key_id in (made.key.key_id, "0" * 20, ""):
        with pytest.raises(NoSuchKey):
            world.keys.revoke(wallet(B.address), key_id)
    world.act(made.text)


def test_a_person_sees_the_keys_of_linked_wallets_too(world: World) -> None:
    world.keys.create(wallet(), KeyRequest(label="of the wallet"))
    world.clock.time += 1
    ada = person("ada")
    owner = wallet(subject=ada.subject, wallets=(A.address, B.address))
    world.keys.create(owner, KeyRequest(label="of the person"))
    assert [key.label for key in world.keys.of(owner)] == ["of the person", "of the wallet"]
    assert [key.label for key in world.keys.of(wallet())] == ["of the wallet"]


def test_a_wallets_key_can_be_made_by_its_person(world: World) -> None:
    made = world.keys.create(wallet(subject=person("ada").subject), KeyRequest(), WALLET + A.address)
    assert made.key.subject == WALLET + A.address


def test_what_a_key_makes_is_no_more_and_lives_no_longer_than_the_key(world: World) -> None:
    first = world.keys.create(wallet(), KeyRequest(seconds=60, scopes=("keys", "job:read")))
    maker = world.act(first.text)
    assert maker.may("keys")
    second = world.keys.create(maker, KeyRequest(seconds=3600))
    assert second.key.scopes == ("job:read",)
    assert second.key.expires_at == world.clock.time + 60
    with pytest.raises(ScopesNotYours):
        world.keys.create(maker, KeyRequest(scopes=("job:write",)))
    forever = world.keys.create(wallet(expires_at=int(world.clock.time) + 5), KeyRequest())
    assert forever.key.expires_at is None


def test_a_use_is_written_down_once_an_hour(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    for _ in range(5):
        world.act(made.text)
    assert world.store.uses == 1
    world.clock.time += 3601
    world.act(made.text)
    assert world.store.uses == 2
    assert world.store.keys[made.key.key_id].last_used_at == world.clock.time


def test_a_key_works_while_its_use_cannot_be_written(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    world.store.cannot_write = True
    assert world.act(made.text).subject == WALLET + A.address
    assert world.store.uses == 0


def test_no_database_is_never_a_yes(world: World) -> None:
    made = world.keys.create(wallet(), KeyRequest())
    world.store.is_down = True
    with pytest.raises(StoreUnavailable):
        world.act(made.text)


def test_only_what_is_shaped_like_a_key_is_taken(world: World) -> None:
    assert world.resolver.accepts("0" * 20 + "." + "A" * 43)
    assert not world.resolver.accepts("eyJhbGciOiJFUzI1NiJ9.e30.AA")
    assert not world.resolver.accepts("A" * 43)
