"""What each command of `tidegate-admin` does; the use cases decide. Each gives what is to be shown."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from services.auth.admin_desk import Desk, Mistake
from services.auth.admin_openpai import import_openpai
from services.auth.dialects.native.views import (
    certificates_view,
    client_view,
    event_view,
    group_view,
    key_view,
    person_view,
)
from services.auth.domain.audit import AuditQuery
from services.auth.domain.authority import OPERATOR
from services.auth.domain.clients import ClientOrigin
from services.auth.usecases.people import Changes, NewPerson
from services.auth.usecases.registrations import Registrant

_PAGE: Final = 200


def create_admin(desk: Desk, options: Namespace) -> Any:
    new = NewPerson(username=options.username, password=desk.password(options), is_admin=True)
    return _created(desk, options, new)


def create(desk: Desk, options: Namespace) -> Any:
    new = NewPerson(username=options.username, email=options.email, display_name=options.name)
    if not options.no_password:
        new = replace(new, password=desk.password(options))
    return _created(desk, options, new)


def _created(desk: Desk, options: Namespace, new: NewPerson) -> Any:
    person = desk.administration.accounts.create(OPERATOR, new)
    return person_view(person) | ({"password": new.password} if options.generate else {})


def set_password(desk: Desk, options: Namespace) -> Any:
    password = desk.password(options)
    desk.administration.accounts.set_password(OPERATOR, options.username, password)
    return {"username": options.username, "password": password} if options.generate else None


def list_people(desk: Desk, _: Namespace) -> Any:
    found: list[Any] = []
    after = ""
    while page := desk.administration.accounts.page(OPERATOR, after, _PAGE):
        found += [person_view(person) for person in page]
        after = page[-1].username
    return found


def show(desk: Desk, options: Namespace) -> Any:
    person = desk.administration.accounts.get(OPERATOR, options.username)
    held = desk.administration.links.certificates(OPERATOR, options.username)
    return {**person_view(person), "certificates": certificates_view(held)}


def changing(changes: Changes) -> Callable[[Desk, Namespace], Any]:
    def change(desk: Desk, options: Namespace) -> Any:
        return person_view(desk.administration.accounts.change(OPERATOR, options.username, changes))

    return change


def unlock(desk: Desk, options: Namespace) -> None:
    desk.administration.accounts.unlock(OPERATOR, options.username)


def remove(desk: Desk, options: Namespace) -> None:
    desk.administration.accounts.remove(OPERATOR, options.username)


def list_groups(desk: Desk, _: Namespace) -> Any:
    return [group_view(group) for group in desk.administration.links.groups(OPERATOR)]


def put_group(desk: Desk, options: Namespace) -> Any:
    links = desk.administration.links
    return group_view(links.put_group(OPERATOR, options.name, options.vo, options.properties))


def remove_group(desk: Desk, options: Namespace) -> None:
    desk.administration.links.remove_group(OPERATOR, options.name)


def set_groups(desk: Desk, options: Namespace) -> Any:
    return person_view(desk.administration.links.set_groups(OPERATOR, options.username, options.groups))


def add_certificate(desk: Desk, options: Namespace) -> Any:
    links = desk.administration.links
    links.link_certificate(OPERATOR, options.username, options.subject, options.issuer)
    return certificates_view(links.certificates(OPERATOR, options.username))


def remove_certificate(desk: Desk, options: Namespace) -> None:
    if not desk.administration.links.unlink_certificate(OPERATOR, options.username, options.subject):
        raise Mistake("The certificate is not registered for this person.")


def link_wallet(desk: Desk, options: Namespace) -> Any:
    return {"address": desk.administration.links.link_wallet(OPERATOR, options.username, options.address)}


def unlink_wallet(desk: Desk, options: Namespace) -> None:
    if not desk.administration.links.unlink_wallet(OPERATOR, options.username, options.address):
        raise Mistake("The wallet is not linked to this person.")


def list_clients(desk: Desk, _: Namespace) -> Any:
    found: list[Any] = []
    after = ""
    while page := desk.administration.clients.page(OPERATOR, after, _PAGE):
        found += [client_view(client) for client in page]
        after = page[-1].client_id
    return found


def add_client(desk: Desk, options: Namespace) -> Any:
    document = {
        "client_name": options.name,
        "redirect_uris": options.redirect_uris,
        "grant_types": options.grant_types,
        "scope": options.scope,
        "token_endpoint_auth_method": options.auth_method,
        "trusted": options.trusted,
        "legacy_no_pkce": options.without_pkce,
    }
    given = {name: value for name, value in document.items() if value not in (None, [], False)}
    made = desk.registrations.register(given, Registrant(origin=ClientOrigin.ADMIN, owner=OPERATOR.subject))
    shown = {"client_secret": made.secret, "registration_access_token": made.management_token}
    return {**client_view(made.client), **shown}


def disabling_client(is_disabled: bool) -> Callable[[Desk, Namespace], Any]:
    def change(desk: Desk, options: Namespace) -> Any:
        changed = desk.administration.clients.set_disabled(OPERATOR, options.client_id, is_disabled)
        return client_view(changed)

    return change


def list_keys(desk: Desk, _: Namespace) -> Any:
    return [key_view(key) for key in desk.administration.rotation.keys(OPERATOR)]


def rotate_keys(desk: Desk, options: Namespace) -> Any:
    desk.keyring.start()
    step = desk.administration.rotation.rotate(OPERATOR, at_once=options.at_once)
    shown = {"did": step.did, "kid": step.kid, "withdrawn": list(step.withdrawn)}
    return shown | ({"settles_in": step.settles_in} if step.settles_in else {})


def withdraw_key(desk: Desk, options: Namespace) -> Any:
    desk.keyring.start()
    return {"signing": desk.administration.rotation.withdraw(OPERATOR, options.kid)}


def audit(desk: Desk, options: Namespace) -> Any:
    if not 1 <= options.most <= 10_000:
        raise Mistake("--most is between 1 and 10000.")
    query = AuditQuery(
        most=options.most,
        before=options.before,
        subject=options.subject,
        actor=options.actor,
        event=options.event,
    )
    return [event_view(stored) for stored in desk.administration.audit_log.page(query)]


COMMANDS: Final[Mapping[str, Callable[[Desk, Namespace], Any]]] = {
    "create-admin": create_admin,
    "create": create,
    "set-password": set_password,
    "list": list_people,
    "show": show,
    "disable": changing(Changes(is_disabled=True)),
    "enable": changing(Changes(is_disabled=False)),
    "grant-admin": changing(Changes(is_admin=True)),
    "revoke-admin": changing(Changes(is_admin=False)),
    "unlock": unlock,
    "remove": remove,
    "import-openpai": import_openpai,
    "groups": list_groups,
    "put-group": put_group,
    "remove-group": remove_group,
    "set-groups": set_groups,
    "add-certificate": add_certificate,
    "remove-certificate": remove_certificate,
    "link-wallet": link_wallet,
    "unlink-wallet": unlink_wallet,
    "clients": list_clients,
    "add-client": add_client,
    "disable-client": disabling_client(True),
    "enable-client": disabling_client(False),
    "keys": list_keys,
    "rotate-keys": rotate_keys,
    "withdraw-key": withdraw_key,
    "audit": audit,
}
