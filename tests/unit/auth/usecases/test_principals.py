"""Whose a credential is: every kind, everything that ends one, and what may be remembered of the answer."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from libs.signing import tokens
from services.auth.domain import scopes
from services.auth.domain.credentials import CredentialRefused
from services.auth.domain.errors import StoreUnavailable
from services.auth.domain.people import Group, Person, PersonState
from services.auth.domain.signing_keys import KeyState, StoredKey
from services.auth.domain.stamps import bucket_of
from services.auth.usecases.access_tokens import TokenRequest
from services.auth.usecases.principals import MOST_REMEMBERED_SECONDS, Found, Principals, Resolved
from tests.fakes.auth_world import WALLET, World, signed

CLIENT = "prominence-cli"
ALICE = Person(
    id="a" * 32,
    username="alice",
    display_name="Alice A.",
    email=None,
    state=PersonState.ACTIVE,
    is_admin=False,
    version=1,
    created_at=0.0,
)


@pytest.fixture
def world() -> World:
    world = World()
    world.people.add(ALICE, None)
    return world


def access_token(world: World, subject: str = ALICE.subject, **more: Any) -> str:
    given = {"scopes": (scopes.JOB_READ, "openid"), "client_id": "myDIRACClientID", **more}
    return world.oauth.access_tokens.issue(TokenRequest(subject=subject, **given)).text


def wallet_token(world: World, nonce: str = "1") -> str:
    return world.tokens.create(signed(nonce), world.soon)


def resolve(world: World, value: str) -> Resolved:
    return world.principals.resolve("bearer", value, "203.0.113.9")


def holds(world: World, found: Resolved) -> bool:
    return world.principals.stamps(found.buckets) == found.values


def test_an_access_token_is_its_person_with_the_tokens_scopes(world: World) -> None:
    principal = resolve(world, access_token(world)).principal
    assert (principal.subject, principal.name, principal.display_name) == (ALICE.subject, "alice", "Alice A.")
    assert principal.scopes == {"job:read", "openid"}
    assert (principal.credential, principal.client_id) == ("token", "myDIRACClientID")


def test_a_client_that_acts_for_itself(world: World) -> None:
    principal = resolve(world, access_token(world, "client:robot")).principal
    assert (principal.subject, principal.name, principal.wallets) == ("client:robot", "robot", ())
    assert not principal.is_admin


def test_a_wallets_token_is_the_wallet_until_the_wallet_is_somebodys(world: World) -> None:
    token = wallet_token(world)
    found = resolve(world, token)
    assert found.principal.subject == f"eip155:{WALLET.address}"
    assert found.principal.wallets == (WALLET.address,)
    assert found.principal.scopes == {"job:read", "job:write"}
    assert found.principal.credential == "auth_token"
    world.people.link_wallet(ALICE.id, WALLET.address)
    assert not holds(world, found)
    linked = resolve(world, token)
    assert linked.principal.subject == ALICE.subject
    assert linked.principal.wallets == (WALLET.address,)
    world.people.unlink_wallet(ALICE.id, WALLET.address)
    assert not holds(world, linked)
    assert resolve(world, token).principal.subject == f"eip155:{WALLET.address}"


def test_a_smart_accounts_token_counts_on_the_first_chain(world: World) -> None:
    """On another chain the same address may be somebody else's contract."""
    address = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
    world.people.link_wallet(ALICE.id, address)
    made = []
    for chain_id in (8996, 1):
        world.contracts.chain_id = chain_id
        request = replace(signed(str(chain_id), address=address), chain_id=chain_id)
        world.contracts.accepts[address.lower()] = {(address + request.nonce, request.signature)}
        world.ledger.stored.clear()
        made.append(world.tokens.create(request, world.soon))
    assert resolve(world, made[0]).principal.subject == ALICE.subject
    with pytest.raises(CredentialRefused, match="chain 8996"):
        resolve(world, made[1])
    world.chains.is_down = True
    with pytest.raises(StoreUnavailable):
        resolve(world, made[0])
    assert resolve(world, wallet_token(world)).principal.wallets == (WALLET.address,)


def test_an_answer_depends_on_the_wallet_and_on_its_person(world: World) -> None:
    """Either's events end it: the deleted token of a linked wallet, and the disabled person."""
    world.people.link_wallet(ALICE.id, WALLET.address)
    subjects = (ALICE.subject, f"eip155:{WALLET.address}")
    found = resolve(world, wallet_token(world))
    assert found.buckets == tuple(bucket_of(subject) for subject in subjects)
    for subject in subjects:
        again = resolve(world, wallet_token(world, f"{len(subject)}"))
        world.people.stamps.move(subject)
        assert not holds(world, again)


def test_a_deleted_wallet_token_ends_what_was_remembered(world: World) -> None:
    world.people.link_wallet(ALICE.id, WALLET.address)
    token = wallet_token(world)
    found = resolve(world, token)
    world.tokens.delete(signed("2"), token)
    assert not holds(world, found)
    with pytest.raises(CredentialRefused):
        resolve(world, token)


@pytest.mark.parametrize("state", [PersonState.DISABLED, PersonState.REMOVED])
def test_nothing_of_a_disabled_or_removed_person_counts(world: World, state: PersonState) -> None:
    world.people.link_wallet(ALICE.id, WALLET.address)
    tokens = [access_token(world), wallet_token(world), access_token(world, f"eip155:{WALLET.address}")]
    found = [resolve(world, token) for token in tokens]
    world.people.change(ALICE.id, state=state)
    assert not any(holds(world, answer) for answer in found)
    with pytest.raises(CredentialRefused):
        resolve(world, tokens[0])
    if state is PersonState.DISABLED:  # removing frees the wallet
        for token in tokens[1:]:
            with pytest.raises(CredentialRefused):
                resolve(world, token)


def test_a_person_that_never_was(world: World) -> None:
    with pytest.raises(CredentialRefused):
        resolve(world, access_token(world, "person:" + "f" * 32))


def test_the_scope_admin_is_an_administrators(world: World) -> None:
    token = access_token(world, scopes=(scopes.ADMIN, scopes.JOB_READ))
    found = resolve(world, token)
    assert found.principal.scopes == {"job:read"}
    world.people.change(ALICE.id, is_admin=True)
    assert not holds(world, found)
    principal = resolve(world, token).principal
    assert principal.is_admin
    assert principal.may("admin")
    assert not resolve(world, access_token(world, scopes=(scopes.JOB_READ,))).principal.may("admin")
    wallet = resolve(world, access_token(world, f"eip155:{WALLET.address}", scopes=(scopes.ADMIN,)))
    assert not wallet.principal.may("admin")


def test_a_password_token_ends_with_the_persons_version(world: World) -> None:
    token = access_token(world, extras={"ver": 1, "username": "alice"})
    found = resolve(world, token)
    world.people.set_password(ALICE.id, "new")
    assert not holds(world, found)
    with pytest.raises(CredentialRefused):
        resolve(world, token)
    assert resolve(world, access_token(world)).principal.name == "alice"  # no password behind it


def test_a_groups_token_ends_with_the_membership(world: World) -> None:
    world.people.put_group(Group(name="lhcb_user", vo="lhcb", properties=("NormalUser", "Pilot")))
    extras = {
        "vo": "lhcb",
        "dirac_group": "lhcb_user",
        "dirac_properties": ["NormalUser", "Pilot"],
        "setup": "Production",
    }
    token = access_token(world, extras=extras)
    with pytest.raises(CredentialRefused):
        resolve(world, token)
    world.people.set_groups(ALICE.id, ["lhcb_user"])
    found = resolve(world, token)
    principal = found.principal
    assert (principal.group, principal.vo, principal.setup) == ("lhcb_user", "lhcb", "Production")
    assert principal.properties == ("NormalUser", "Pilot")
    world.people.put_group(Group(name="lhcb_user", vo="lhcb", properties=("NormalUser",)))
    assert not holds(world, found)
    less = resolve(world, token)
    assert less.principal.properties == ("NormalUser",)
    world.people.set_groups(ALICE.id, [])
    assert not holds(world, less)
    with pytest.raises(CredentialRefused):
        resolve(world, token)
    with pytest.raises(CredentialRefused):
        resolve(world, access_token(world, "client:robot", extras=extras))


def test_a_credential_of_no_group_has_the_only_organisation_of_its_person(world: World) -> None:
    for name, vo in (("lhcb_user", "lhcb"), ("lhcb_prod", "lhcb"), ("biomed", "bio")):
        world.people.put_group(Group(name=name, vo=vo, properties=("NormalUser",)))
    token = access_token(world)
    assert resolve(world, token).principal.vo is None
    world.people.set_groups(ALICE.id, ["lhcb_user", "lhcb_prod"])
    found = resolve(world, token)
    assert (found.principal.vo, found.principal.group, found.principal.properties) == ("lhcb", None, ())
    world.people.set_groups(ALICE.id, ["lhcb_user", "biomed"])
    assert not holds(world, found)
    assert resolve(world, token).principal.vo is None  # which of the two nobody said


def test_a_bound_token_says_to_what(world: World) -> None:
    bound = access_token(world, confirmation={"x5t#S256": "thumb"})
    assert resolve(world, bound).bound_to == "thumb"
    assert resolve(world, access_token(world, confirmation={"jkt": "other"})).bound_to == ""
    assert resolve(world, access_token(world)).bound_to is None


def test_an_answer_ends_with_its_credential_and_after_an_hour(world: World) -> None:
    now = world.clock.now()
    assert resolve(world, access_token(world, seconds=60)).remember_until == int(now) + 60
    assert resolve(world, access_token(world)).remember_until == now + MOST_REMEMBERED_SECONDS


def test_an_expired_token_says_so(world: World) -> None:
    tokens = [access_token(world, seconds=60), wallet_token(world)]
    world.clock.time += 3700
    for token in tokens:
        with pytest.raises(CredentialRefused, match="expired"):
            resolve(world, token)


@pytest.mark.parametrize("kind", ["basic", "certificate", "", "magic"])
def test_a_kind_that_nobody_resolves(world: World, kind: str) -> None:
    with pytest.raises(CredentialRefused):
        world.principals.resolve(kind, access_token(world), "")


def withdraw(world: World) -> None:
    """As another process does it: the rows change, and all stamps with them."""
    world.key_store.keys = [
        StoredKey(key.kid, KeyState.WITHDRAWN, key.public_jwk, key.private_sealed)
        for key in world.key_store.keys
    ]
    world.people.stamps.move_all()


def test_a_withdrawn_key_ends_its_tokens_at_once_though_keys_are_kept(world: World) -> None:
    found = [(token, resolve(world, token)) for token in (access_token(world), wallet_token(world))]
    withdraw(world)
    for token, answer in found:
        assert not holds(world, answer)
        with pytest.raises(CredentialRefused):
            resolve(world, token)


def test_keys_are_not_read_again_while_nothing_happens(world: World) -> None:
    resolve(world, access_token(world))
    reads = world.key_store.reads
    for _ in range(3):
        resolve(world, access_token(world))
    assert world.key_store.reads == reads


class Racing:
    """A resolver during whose work something happens."""

    def __init__(self, event: Callable[[], object], found: Found) -> None:
        self._event = event
        self._found = found

    def accepts(self, value: str) -> bool:
        return True

    def resolve(self, value: str, peer: str) -> Found:
        self._event()
        return self._found


def test_what_happens_while_we_resolve_is_not_lost(world: World) -> None:
    """The stamp that goes out is the one before: the next request sees that it moved."""
    principal = resolve(world, access_token(world)).principal
    racing = Racing(lambda: world.people.stamps.move(ALICE.subject), Found(principal=principal))
    principals = Principals({"bearer": [racing]}, world.people.stamps, world.keyring, world.clock)
    found = principals.resolve("bearer", "x", "")
    assert principals.stamps(found.buckets) != found.values


class NoStamps:
    def all(self) -> Sequence[int]:
        raise StoreUnavailable

    def value(self, bucket: int) -> int:
        raise StoreUnavailable

    def values(self, buckets: Sequence[int]) -> Sequence[int]:
        raise StoreUnavailable

    def move(self, *subjects: str) -> None:
        raise StoreUnavailable

    def move_all(self) -> None:
        raise StoreUnavailable


def test_without_the_stamps_nothing_is_resolved(world: World) -> None:
    token = access_token(world)
    principal = resolve(world, token).principal
    racing = Racing(lambda: None, Found(principal=principal))
    principals = Principals({"bearer": [racing]}, NoStamps(), world.keyring, world.clock)
    with pytest.raises(StoreUnavailable):
        principals.resolve("bearer", token, "")


def test_without_the_keys_nothing_is_resolved_after_an_event(world: World) -> None:
    token = access_token(world)
    resolve(world, token)
    world.people.stamps.move("somebody")
    world.key_store.is_down = True
    with pytest.raises(StoreUnavailable):
        resolve(world, token)
    world.key_store.is_down = False
    assert resolve(world, token).principal.name == "alice"


def forged(world: World, claims: dict[str, Any], typ: str = "at+jwt") -> str:
    now = int(world.clock.now())
    whole = {
        "iss": "http://gateway.test:8030",
        "aud": "tidegate",
        "sub": ALICE.subject,
        "iat": now,
        "exp": now + 60,
        "jti": "j1",
        "client_id": "myDIRACClientID",
        "scope": "job:read",
        **claims,
    }
    kept = {name: value for name, value in whole.items() if value is not None}
    return tokens.issue(kept, world.keyring.current().signing, {"typ": typ})


def test_the_forge_makes_good_tokens(world: World) -> None:
    assert resolve(world, forged(world, {})).principal.name == "alice"


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "internal"},
        {"aud": ["tidegate", "others"]},
        {"aud": None},
        {"iss": "http://gateway.test:8031"},
        {"iss": None},
        {"sub": "service:compute"},
        {"sub": ""},
        {"sub": None},
        {"sub": 7},
        {"jti": None},
        {"jti": ""},
        {"client_id": None},
        {"client_id": "nobody registered this"},
        {"client_id": "ocean-wallet"},
        {"scope": None},
        {"scope": ["job:read"]},
        {"exp": None},
        {"exp": 1},
        {"exp": "9999999999"},
        {"exp": 1e300},
        {"iat": 4_000_000_000},
        {"nbf": 4_000_000_000},
        {"iat": None},
        {"gid": 5},
        {"gid": "f" * 32},
        {"cnf": "x5t"},
    ],
    ids=str,
)
def test_signed_by_us_is_not_enough(world: World, claims: dict[str, Any]) -> None:
    with pytest.raises(CredentialRefused):
        resolve(world, forged(world, claims))


@pytest.mark.parametrize("typ", ["JWT", "rt+jwt", "id+jwt", "jwt", "application/at+jwt", "", "none"])
def test_another_kind_of_token_is_no_access_token(world: World, typ: str) -> None:
    """ID tokens, refresh tokens and service tokens are signed with the same keys."""
    with pytest.raises(CredentialRefused):
        resolve(world, forged(world, {}, typ))


def test_a_service_token_is_nobody(world: World) -> None:
    with pytest.raises(CredentialRefused):
        resolve(world, world.service_tokens.mint("compute"))
