"""As whom a browser acts, and how long its login holds."""

from services.auth.domain.people import Person, PersonState
from services.auth.domain.scopes import ADMIN, ALL
from services.auth.domain.sessions import SessionPolicy, SignedIn

ADDRESS = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


def signed_in(*, is_admin: bool) -> SignedIn:
    person = Person(
        id="1" * 32, username="ann", display_name="Ann A.", email=None, state=PersonState.ACTIVE,
        is_admin=is_admin, version=1, created_at=0.0, groups=("dev",), wallets=(ADDRESS,),
    )  # fmt: skip
    return SignedIn(
        session_hash="", subject=person.subject, name="ann", person=person, amr="pwd", authenticated_at=0.0
    )


def test_a_person_acts_with_every_right_but_administration() -> None:
    principal = signed_in(is_admin=False).principal()
    assert (principal.subject, principal.name, principal.display_name) == (
        "person:" + "1" * 32,
        "ann",
        "Ann A.",
    )
    assert (principal.wallets, principal.groups) == ((ADDRESS,), ("dev",))
    assert principal.scopes == ALL - {ADMIN}
    assert (principal.is_admin, principal.credential) == (False, "session")


def test_an_administrator_administers() -> None:
    principal = signed_in(is_admin=True).principal()
    assert principal.may(ADMIN)
    assert principal.is_admin


def test_a_wallet_of_nobody_acts_as_itself() -> None:
    subject = f"eip155:{ADDRESS}"
    who = SignedIn(
        session_hash="", subject=subject, name=ADDRESS, person=None, amr="siwe", authenticated_at=0.0
    )
    principal = who.principal()
    assert (principal.subject, principal.wallets, principal.groups) == (subject, (ADDRESS,), ())
    assert not principal.may(ADMIN)


def test_a_login_holds_for_the_shorter_of_both_times() -> None:
    policy = SessionPolicy(lifetime_seconds=1000, idle_seconds=100)
    assert policy.deadline(0.0, 0.0) == 100
    assert policy.deadline(0.0, 500.0) == 600
    assert policy.deadline(0.0, 950.0) == 1000
