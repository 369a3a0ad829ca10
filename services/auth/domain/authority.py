"""Who may administer, and who may change what is their own."""

from libs.web.principal import Principal
from services.auth.domain import scopes
from services.auth.domain.errors import AuthError
from services.auth.domain.people import Person


class NotAllowed(AuthError):
    """The actor is no administrator, or the credential may not administer."""


# Whoever has a shell on the machine and can read the service's settings is one.
OPERATOR = Principal(
    subject="operator",
    name="operator",
    display_name="Operator of the machine",
    scopes=frozenset({scopes.ADMIN}),
    is_admin=True,
    credential="command",
)


def need_admin(actor: Principal) -> None:
    """Raises NotAllowed."""
    if not (actor.is_admin and actor.may(scopes.ADMIN)):
        raise NotAllowed


def need_admin_or_self(actor: Principal, person: Person) -> None:
    """People manage what they sign in with when their credential may do that. Raises NotAllowed."""
    if actor.subject != person.subject or not actor.may(scopes.KEYS):
        need_admin(actor)
