"""Accounts, groups and links: who may change them, what is refused, what is written down."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from libs.signing.errors import MalformedAddress
from libs.web.principal import Principal
from services.auth.domain.authority import OPERATOR, NotAllowed
from services.auth.domain.people import (
    BadField,
    BadName,
    BadPassword,
    CertificateTaken,
    Group,
    LastAdmin,
    NameTaken,
    NoSuchGroup,
    NoSuchPerson,
    PersonState,
    WalletTaken,
    WrongPassword,
)
from services.auth.usecases.people import Changes, Holdings, NewPerson
from tests.fakes.auth_admin import ADMIN, Office, principal_of

WALLET = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
DN = "/DC=org/CN=Ada"
Call = Callable[[Office, Principal], object]
CALLS: dict[str, Call] = {
    "page": lambda o, a: o.accounts.page(a, "", 10),
    "get": lambda o, a: o.accounts.get(a, "ada"),
    "create": lambda o, a: o.accounts.create(a, NewPerson(username="new")),
    "change": lambda o, a: o.accounts.change(a, "ada", Changes(is_admin=True)),
    "set_password": lambda o, a: o.accounts.set_password(a, "ada", "new password"),
    "unlock": lambda o, a: o.accounts.unlock(a, "ada"),
    "remove": lambda o, a: o.accounts.remove(a, "ada"),
    "groups": lambda o, a: o.links.groups(a),
    "put_group": lambda o, a: o.links.put_group(a, "crew", "vo", []),
    "remove_group": lambda o, a: o.links.remove_group(a, "base"),
    "set_groups": lambda o, a: o.links.set_groups(a, "ada", ["base"]),
    "certificates": lambda o, a: o.links.certificates(a, "ada"),
    "link_certificate": lambda o, a: o.links.link_certificate(a, "ada", DN, None),
    "unlink_certificate": lambda o, a: o.links.unlink_certificate(a, "ada", DN),
    "link_wallet": lambda o, a: o.links.link_wallet(a, "ada", WALLET),
    "unlink_wallet": lambda o, a: o.links.unlink_wallet(a, "ada", WALLET),
}
OF_A_PERSON = sorted(set(CALLS) - {"page", "create", "groups", "put_group", "remove_group"})


@pytest.fixture
def office() -> Office:
    office = Office()
    office.add("root", is_admin=True)
    office.add("ada")
    office.people.put_group(Group(name="base", vo="vo", properties=()))
    office.audit.stored.clear()
    return office


@pytest.mark.parametrize("name", sorted(CALLS))
def test_nothing_is_for_others_than_administrators(office: Office, name: str) -> None:
    root, ada = office.people.by_username("root"), office.people.by_username("ada")
    assert root is not None
    assert ada is not None
    before = (office.people.page("", 100), office.people.groups())
    for actor in (
        replace(ADMIN, is_admin=False),  # not an administrator any more
        principal_of(root, "job:read", "keys"),  # an administrator whose token may not administer
        principal_of(ada, "admin"),  # a token that may, of a person who may not
        principal_of(ada, "job:write"),
    ):
        with pytest.raises(NotAllowed):
            CALLS[name](office, actor)
    assert (office.people.page("", 100), office.people.groups()) == before
    assert office.audit.events == []
    CALLS[name](office, ADMIN)


@pytest.mark.parametrize("name", OF_A_PERSON)
@pytest.mark.parametrize("actor", [ADMIN, OPERATOR, replace(ADMIN, is_admin=False)])
def test_nobody_of_that_name(office: Office, name: str, actor: Principal) -> None:
    """Only administrators learn who does not exist."""
    office.accounts.remove(OPERATOR, "ada")
    with pytest.raises(NoSuchPerson if actor.is_admin else NotAllowed):
        CALLS[name](office, actor)


def test_create(office: Office) -> None:
    made = office.accounts.create(
        ADMIN,
        NewPerson(username="eve", display_name=" Eve B. ", email="eve@example.org", password="123456"),
    )
    assert made == office.people.by_username("eve")
    assert (made.display_name, made.email, made.is_admin) == ("Eve B.", "eve@example.org", False)
    assert office.passwords.check("eve", "123456").id == made.id
    event = office.audit.events[0]
    assert (event.event, event.actor, event.subject) == ("person.create", ADMIN.subject, made.subject)
    assert "123456" not in str(office.audit.stored)
    with pytest.raises(NameTaken):
        office.add("eve")
    without = office.accounts.create(ADMIN, NewPerson(username="bob"))
    assert (without.display_name, without.email) == ("bob", None)
    with pytest.raises(WrongPassword):
        office.passwords.check("bob", "")


def test_created_with_a_hash_of_another_system(office: Office) -> None:
    office.accounts.create(ADMIN, NewPerson(username="old", password_hash="imported$secret"))
    assert office.passwords.check("old", "secret").username == "old"


@pytest.mark.parametrize("name", ["", "a b", "-a", ".a", "a/b", "ä", "x" * 65, "a\0", "a\n", "person:1"])
def test_bad_names(office: Office, name: str) -> None:
    with pytest.raises(BadName):
        office.accounts.create(ADMIN, NewPerson(username=name, password="123456"))
    with pytest.raises(BadName):
        office.links.put_group(ADMIN, name, "vo", [])


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", "   "), ("display_name", "x" * 256), ("display_name", "a\nb"),
        ("display_name", "\0"),
        ("display_name", "\ud800"), ("email", "x"), ("email", "a@"), ("email", "a b@c"),
        ("email", "a@" + "b" * 256), ("email", "a@b@c"), ("email", "a\0@b"), ("email", "a@b\ud800"),
    ],
)  # fmt: skip
def test_bad_values(office: Office, field: str, value: str) -> None:
    with pytest.raises(BadField) as caught:
        office.accounts.create(ADMIN, NewPerson(username="eve", **{field: value}))  # type: ignore[arg-type]
    assert caught.value.field == field
    with pytest.raises(BadField):
        office.accounts.change(ADMIN, "ada", Changes(**{field: value}))  # type: ignore[arg-type]
    assert office.people.by_username("eve") is None


def test_bad_password_makes_nobody(office: Office) -> None:
    for password in ("", "12345", "x" * 2000, "abc\0def"):
        with pytest.raises(BadPassword):
            office.accounts.create(ADMIN, NewPerson(username="eve", password=password))
    assert office.people.by_username("eve") is None


def test_change(office: Office) -> None:
    changed = office.accounts.change(
        ADMIN, "ada", Changes(display_name="Ada L.", email="a@b", is_admin=True, is_disabled=True)
    )
    assert (changed.display_name, changed.email, changed.is_admin) == ("Ada L.", "a@b", True)
    assert changed.state is PersonState.DISABLED
    with pytest.raises(WrongPassword):
        office.passwords.check("ada", "correct horse")
    assert office.accounts.change(ADMIN, "ada", Changes(is_disabled=False)).state is PersonState.ACTIVE
    assert office.accounts.change(ADMIN, "ada", Changes(email="")).email is None
    events = [event for event in office.audit.events if event.event == "person.change"]
    assert events[0].details["changed"] == ["display_name", "email", "is_admin", "is_disabled"]
    assert "Ada L." not in str(events)


def test_last_administrator_stays(office: Office) -> None:
    for work in (
        lambda: office.accounts.change(ADMIN, "root", Changes(is_admin=False)),
        lambda: office.accounts.change(ADMIN, "root", Changes(is_disabled=True)),
        lambda: office.accounts.remove(ADMIN, "root"),
    ):
        with pytest.raises(LastAdmin):
            work()
    assert office.audit.events == []


class Held:
    """Grants, keys and sessions that note what was ended."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.ended: list[tuple[str, str]] = []

    def revoke_all(self, subject: str, why: str, client_id: str | None = None) -> int:
        assert self.office.people.by_username("ada") is None, "the person goes first"
        self.ended.append((subject, why))
        return 1

    def end_all(self, subject: str, now: float) -> int:
        self.ended.append((subject, "session"))
        return 1


def test_removing_ends_everything_for_good(office: Office) -> None:
    held = Held(office)
    office.accounts._holdings = Holdings(grants=held, sessions=held)  # type: ignore[arg-type]
    ada = office.accounts.get(ADMIN, "ada")
    office.accounts.remove(ADMIN, "ada")
    assert held.ended == [(ada.subject, "person removed"), (ada.subject, "session")]
    with pytest.raises(NameTaken):
        office.add("ada")
    with pytest.raises(WrongPassword):
        office.passwords.check("ada", "correct horse")
    assert office.audit.events[0].event == "person.remove"


def test_people_set_their_own_password_with_a_credential_for_that(office: Office) -> None:
    ada, root = office.accounts.get(ADMIN, "ada"), office.accounts.get(ADMIN, "root")
    own = principal_of(ada, "keys")
    office.accounts.set_password(own, "ada", "my new one")
    assert office.passwords.check("ada", "my new one").version == 2
    for actor, name in ((own, "root"), (own, "nobody"), (principal_of(ada, "job:write"), "ada")):
        with pytest.raises(NotAllowed):
            office.accounts.set_password(actor, name, "hijacked")
    assert office.passwords.check("root", "correct horse").id == root.id


def test_setting_a_password_opens_the_lock(office: Office) -> None:
    for number in range(5):
        with pytest.raises(WrongPassword):
            office.passwords.check("ada", "wrong", f"192.0.2.{number}")
    office.accounts.set_password(ADMIN, "ada", "my new one")
    assert office.passwords.check("ada", "my new one", "192.0.2.9").username == "ada"


def test_groups(office: Office) -> None:
    made = office.links.put_group(ADMIN, "crew", "vo", ["B", "A", "B"])
    assert made == Group(name="crew", vo="vo", properties=("A", "B"))
    assert [group.name for group in office.links.groups(ADMIN)] == ["base", "crew"]
    assert office.links.set_groups(ADMIN, "ada", ["crew", "base"]).groups == ("base", "crew")
    with pytest.raises(NoSuchGroup):
        office.links.set_groups(ADMIN, "ada", ["nobodys"])
    with pytest.raises(BadField):
        office.links.set_groups(ADMIN, "ada", [f"g{number}" for number in range(257)])
    office.links.remove_group(ADMIN, "crew")
    with pytest.raises(NoSuchGroup):
        office.links.remove_group(ADMIN, "crew")
    assert office.accounts.get(ADMIN, "ada").groups == ("base",)


@pytest.mark.parametrize(
    "bad", [["a b"], ["1a"], [""], ["x" * 65], ["ä"], ["a\0"], [f"P{n}" for n in range(65)]]
)
def test_bad_properties(office: Office, bad: list[str]) -> None:
    with pytest.raises(BadField):
        office.links.put_group(ADMIN, "crew", "vo", bad)
    with pytest.raises(BadField):
        office.links.put_group(ADMIN, "crew", "v o", [])
    assert office.people.group("crew") is None


def test_certificates(office: Office) -> None:
    office.add("eve")
    assert office.links.link_certificate(ADMIN, "ada", "/dc=org/cn=Ada", "/cn=CA") == DN
    assert office.links.certificates(ADMIN, "ada") == [(DN, "/CN=CA")]
    with pytest.raises(CertificateTaken):
        office.links.link_certificate(ADMIN, "eve", DN, None)
    with pytest.raises(BadField):
        office.links.link_certificate(ADMIN, "eve", "CN=Ada", None)
    with pytest.raises(BadField):
        office.links.link_certificate(ADMIN, "eve", "/CN=Eve", "")
    assert not office.links.unlink_certificate(ADMIN, "eve", DN)
    assert office.links.unlink_certificate(ADMIN, "ada", DN)


def test_wallets(office: Office) -> None:
    office.add("eve")
    assert office.links.link_wallet(ADMIN, "ada", WALLET.lower()) == WALLET
    with pytest.raises(WalletTaken):
        office.links.link_wallet(ADMIN, "eve", WALLET)
    with pytest.raises(MalformedAddress):
        office.links.link_wallet(ADMIN, "eve", "0x12")
    assert not office.links.unlink_wallet(ADMIN, "eve", WALLET)
    assert office.links.unlink_wallet(ADMIN, "ada", WALLET.lower())
    assert [event.event for event in office.audit.events][-2:] == ["wallet.link", "wallet.unlink"]
