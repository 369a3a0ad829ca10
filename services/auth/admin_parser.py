"""The words of the `tidegate-admin` command."""

import argparse
from typing import Any


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="tidegate-admin", description="People, groups, clients and keys.")
    top.add_argument("--json", action="store_true", help="print JSON")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _people(commands)
    _links(commands)
    _clients(commands)
    _keys(commands)
    return top


def _people(commands: Any) -> None:
    admin = commands.add_parser("create-admin", help="make an administrator")
    admin.add_argument("username", nargs="?", default="admin")
    _password(admin)
    person = commands.add_parser("create", help="make an account")
    person.add_argument("username")
    person.add_argument("--email", default="")
    person.add_argument("--name", default="", help="as shown to others")
    person.add_argument("--no-password", action="store_true", help="for wallets and certificates")
    _password(person)
    reset = commands.add_parser("set-password", help="set it anew; ends what the old one opened")
    reset.add_argument("username")
    _password(reset)
    commands.add_parser("list", help="everybody")
    for name, what in (
        ("show", "one person"),
        ("disable", "no credential of theirs counts until enabled again"),
        ("enable", "undo disable"),
        ("grant-admin", "make somebody an administrator"),
        ("revoke-admin", "undo grant-admin"),
        ("unlock", "forget wrong guesses at the name"),
        ("remove", "for good; the name rests a day"),
    ):
        commands.add_parser(name, help=what).add_argument("username")
    users = commands.add_parser("import-openpai", help="take over the users of an OpenPAI server")
    users.add_argument("file", help="its user file (LOWDB_FILE)")


def _password(command: argparse.ArgumentParser) -> None:
    how = command.add_mutually_exclusive_group()
    how.add_argument("--stdin", action="store_true", help="the password is stdin's first line")
    how.add_argument("--generate", action="store_true", help="make one and show it once")


def _links(commands: Any) -> None:
    commands.add_parser("groups", help="all groups")
    group = commands.add_parser("put-group", help="make or change a group")
    group.add_argument("name")
    group.add_argument("--vo", required=True)
    group.add_argument("--property", action="append", default=[], dest="properties")
    commands.add_parser("remove-group", help="its members leave it").add_argument("name")
    member = commands.add_parser("set-groups", help="exactly these groups")
    member.add_argument("username")
    member.add_argument("groups", nargs="*")
    certificate = commands.add_parser("add-certificate", help="a certificate stands for the person")
    certificate.add_argument("username")
    certificate.add_argument("subject", help="as /DC=org/CN=Name")
    certificate.add_argument("--issuer", help="only this one's certificates count")
    gone = commands.add_parser("remove-certificate")
    gone.add_argument("username")
    gone.add_argument("subject")
    for name in ("link-wallet", "unlink-wallet"):
        wallet = commands.add_parser(name)
        wallet.add_argument("username")
        wallet.add_argument("address")


def _clients(commands: Any) -> None:
    commands.add_parser("clients", help="OAuth2 clients")
    add = commands.add_parser("add-client", help="register an application; shows its secret once")
    add.add_argument("name")
    add.add_argument("--redirect-uri", action="append", default=[], dest="redirect_uris")
    add.add_argument("--grant-type", action="append", default=[], dest="grant_types")
    add.add_argument("--scope", help="the most it may ask for, with blanks between")
    add.add_argument("--auth-method", help="token_endpoint_auth_method; none for public clients")
    add.add_argument("--trusted", action="store_true", help="may exchange and look at others' tokens")
    add.add_argument("--without-pkce", action="store_true", help="for clients older than PKCE")
    for name in ("disable-client", "enable-client"):
        commands.add_parser(name).add_argument("client_id")


def _keys(commands: Any) -> None:
    commands.add_parser("keys", help="the keys that sign tokens")
    rotate = commands.add_parser("rotate-keys", help="publish a new key; later: let it sign")
    rotate.add_argument("--at-once", action="store_true", help="do not wait until everyone knows it")
    commands.add_parser("withdraw-key", help="its tokens count no more").add_argument("kid")
    audit = commands.add_parser("audit", help="security events, newest first")
    audit.add_argument("--most", type=int, default=50)
    audit.add_argument("--before", type=int)
    for name in ("subject", "actor", "event"):
        audit.add_argument(f"--{name}")
