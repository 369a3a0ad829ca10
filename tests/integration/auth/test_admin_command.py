"""`tidegate-admin` on real databases, as an operator uses it."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from libs.sql.engine import Database
from scripts.stack.config import REPO
from services.auth.adapters.argon2 import Argon2Passwords
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.guesses import SqlGuesses
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.admin import main
from services.auth.domain.people import WrongPassword
from services.auth.usecases.passwords import Passwords
from tests.fakes.auth_people import MemoryAudit

WALLET = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
DN = "/DC=org/CN=Ada"
Command = Callable[..., Any]


def environ(url: str) -> dict[str, str]:
    return {
        "AUTH_DATABASE_URL": url,
        "AUTH_KEY_SECRET": "a secret of sixteen or more",
        "PUBLIC_URL": "http://gateway.test:8030",
        "AUTH_SERVICE_CLIENTS": "{}",
        "PROVIDER_URL": "http://127.0.0.1:1",
    }


class Terminal:
    """Runs commands and keeps what was shown."""

    def __init__(self, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.url = url
        self.capsys = capsys
        self.answers: list[str] = []

    def __call__(self, *words: str, given: str = "", status: int = 0) -> Any:
        shown = StringIO()
        done = main(["--json", *words], environ(self.url), StringIO(given), shown, self._ask)
        self.said = self.capsys.readouterr().err
        assert done == status, self.said
        return json.loads(shown.getvalue()) if shown.getvalue() else None

    def signs_in(self, username: str, password: str) -> bool:
        database, clock = Database.open(self.url), SystemClock()
        people = SqlPeople(database, clock)
        passwords = Passwords(people, Argon2Passwords(), SqlGuesses(database, clock), MemoryAudit())
        try:
            return passwords.check(username, password).username == username
        except WrongPassword:
            return False
        finally:
            database.dispose()

    def _ask(self, prompt: str) -> str:
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


@pytest.fixture
def terminal(database_url: str, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(database_url, capsys)


def test_first_administrator_on_an_empty_database(terminal: Terminal) -> None:
    made = terminal("create-admin", "--generate")
    assert (made["username"], made["is_admin"]) == ("admin", True)
    assert len(made["password"]) >= 20
    assert terminal.signs_in("admin", made["password"])
    assert made["password"] not in json.dumps([terminal("list"), terminal("audit")])
    terminal("create-admin", "--generate", status=1)
    assert terminal.said == "tidegate-admin: The name is somebody's, or was within the last 24 hours.\n"


def test_password_from_stdin_and_from_the_terminal(terminal: Terminal) -> None:
    assert "password" not in terminal("create-admin", "root", "--stdin", given="correct horse\nrest\n")
    assert terminal.signs_in("root", "correct horse")
    terminal.answers = ["another one", "another one"]
    assert terminal("set-password", "root") is None
    assert terminal.signs_in("root", "another one")
    terminal.answers = ["one thing", "and another"]
    terminal("set-password", "root", status=1)
    assert terminal.said == "tidegate-admin: The two are not the same.\n"
    terminal("set-password", "root", status=1)
    assert "--stdin or --generate" in terminal.said
    terminal("set-password", "root", "--stdin", given="12345\n", status=1)
    assert "12345" not in terminal.said
    assert terminal.signs_in("root", "another one")


def test_people_groups_and_links(terminal: Terminal) -> None:
    terminal("create-admin", "root", "--stdin", given="correct horse")
    terminal("create", "ada", "--email", "ada@example.org", "--name", "Ada L.", "--no-password")
    terminal("put-group", "crew", "--vo", "vo", "--property", "NormalUser")
    assert terminal("set-groups", "ada", "crew")["groups"] == ["crew"]
    assert terminal("groups") == [{"name": "crew", "vo": "vo", "properties": ["NormalUser"]}]
    assert terminal("add-certificate", "ada", "/dc=org/cn=Ada") == [{"subject": DN, "issuer": None}]
    assert terminal("link-wallet", "ada", WALLET.lower()) == {"address": WALLET}
    shown = terminal("show", "ada")
    assert (shown["display_name"], shown["wallets"]) == ("Ada L.", [WALLET])
    assert shown["certificates"] == [{"subject": DN, "issuer": None}]
    assert terminal("grant-admin", "ada")["is_admin"] is True
    assert terminal("revoke-admin", "root")["is_admin"] is False
    terminal("revoke-admin", "ada", status=1)
    assert terminal.said == "tidegate-admin: Somebody must stay an administrator.\n"
    assert terminal("disable", "root")["state"] == "disabled"
    assert not terminal.signs_in("root", "correct horse")
    assert terminal("enable", "root")["state"] == "active"
    assert terminal.signs_in("root", "correct horse")
    terminal("unlink-wallet", "ada", WALLET)
    terminal("unlink-wallet", "ada", WALLET, status=1)
    terminal("remove-certificate", "ada", DN)
    terminal("remove-certificate", "ada", DN, status=1)
    terminal("remove-group", "crew")
    terminal("unlock", "ada")
    terminal("remove", "root")
    assert [person["username"] for person in terminal("list")] == ["ada"]
    events = terminal("audit", "--most", "3")
    assert [event["event"] for event in events] == ["person.remove", "password.unlock", "group.remove"]
    assert {event["actor"] for event in events} == {"operator"}
    older = terminal("audit", "--before", str(events[-1]["id"]), "--event", "wallet.link")
    assert [event["details"] for event in older] == [{"wallet": WALLET}]


def test_clients(terminal: Terminal) -> None:
    made = terminal(
        "add-client", "Portal", "--redirect-uri", "https://portal.example.org/back", "--grant-type",
        "authorization_code",
    )  # fmt: skip
    assert made["redirect_uris"] == ["https://portal.example.org/back"]
    assert len(made["client_secret"]) == 43
    [listed] = terminal("clients")
    assert listed["client_id"] == made["client_id"]
    assert made["client_secret"] not in json.dumps(listed)
    assert terminal("disable-client", made["client_id"])["is_disabled"] is True
    assert terminal("enable-client", made["client_id"])["is_disabled"] is False
    terminal("disable-client", "nobodys", status=1)
    assert terminal.said == "tidegate-admin: There is no client of that id.\n"
    terminal("add-client", "Portal", "--redirect-uri", "javascript:alert(1)", status=1)


def test_keys(terminal: Terminal) -> None:
    assert terminal("keys") == []
    first = terminal("rotate-keys")
    assert (first["did"], first["settles_in"]) == ("published", 360)
    terminal("rotate-keys", status=1)
    assert "seconds, when everyone knows it" in terminal.said
    assert terminal("rotate-keys", "--at-once") == {
        "did": "activated", "kid": first["kid"], "withdrawn": [],
    }  # fmt: skip
    signing = terminal("withdraw-key", first["kid"])["signing"]
    states = {key["kid"]: key["state"] for key in terminal("keys")}
    assert (states[first["kid"]], states[signing]) == ("withdrawn", "active")
    terminal("withdraw-key", "unknown", status=1)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["show", "nobody"], "There is nobody of that name."),
        (["show", "a b"], "There is nobody of that name."),
        (["link-wallet", "root", "0x12"], "The address must be 0x and 40 hex digits."),
        (["add-certificate", "root", "CN=x"], "The name must look like /DC=org/CN=Name."),
        (["set-groups", "root", "nobodys"], "There is no group of that name."),
        (["audit", "--most", "0"], "--most is between 1 and 10000."),
    ],
)
def test_refusals_are_sentences(terminal: Terminal, words: list[str], sentence: str) -> None:
    terminal("create-admin", "root", "--stdin", given="correct horse")
    terminal(*words, status=1)
    assert terminal.said == f"tidegate-admin: {sentence}\n"


def test_wrong_settings_and_a_lost_database(capsys: pytest.CaptureFixture[str]) -> None:
    def status(url: str, **more: str) -> int:
        return main(["list"], environ(url) | more, StringIO(), StringIO())

    assert status("sqlite:////tmp/x.db", AUTH_KEY_SECRET="") == 2
    assert "AUTH_KEY_SECRET must be set." in capsys.readouterr().err
    assert status("sqlite:////nowhere/at/all.db") == 1
    assert status("postgresql://nobody:hidden@127.0.0.1:1/none") == 1
    assert status("mysql://nobody:hidden@127.0.0.1:1/none") == 1
    assert "hidden" not in capsys.readouterr().err


def test_as_a_program(database_url: str) -> None:
    command = [sys.executable, "-m", "services.auth.admin", "create-admin", "root", "--stdin"]
    settings = environ(database_url) | {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        command, input="correct horse\n", capture_output=True, text=True, cwd=REPO, env=settings
    )
    assert done.returncode == 0, done.stderr
    assert " username=root  display_name=root  state=active  is_admin=true " in done.stdout
    assert "correct horse" not in done.stdout + done.stderr
    done = subprocess.run([*command[:3], "set-password", "root"], capture_output=True, text=True, cwd=REPO,
                          env=settings, stdin=subprocess.DEVNULL, start_new_session=True)  # fmt: skip
    assert done.returncode == 1
    assert "There is no terminal" in done.stderr


def test_the_users_of_an_openpai_server_sign_in_as_before(terminal: Terminal, tmp_path: Path) -> None:
    """Hashes as its server writes them: hex(PBKDF2-HMAC-SHA512(password, hex(MD5(name)), 10000, 64))."""

    def passwd(name: str, password: str) -> str:
        salt = hashlib.md5(name.encode()).hexdigest().encode()
        return hashlib.pbkdf2_hmac("sha512", password.encode(), salt, 10_000, 64).hex()

    assert passwd("admin", "admin-password").startswith("822330e44ace9eba338341d3d6830ac5cd60661b")
    terminal("create", "taken", "--stdin", given="my own one\n")
    users = {
        "ann": {"passwd": passwd("ann", "annsecret"), "admin": True},
        "bob": {"passwd": passwd("bob", "bobsecret"), "admin": False},
        "taken": {"passwd": passwd("taken", "other one"), "admin": True},
        "odd name": {"passwd": passwd("odd name", "secret1"), "admin": False},
        "short": {"passwd": "abcd"},
        "none": {},
    }
    file = tmp_path / "users.json"
    file.write_text(json.dumps(users))
    results = {
        entry["username"]: entry["result"].partition(":")[0]
        for entry in terminal("import-openpai", str(file))
    }
    refused = dict.fromkeys(("odd name", "short", "none"), "refused")
    assert results == {"ann": "made", "bob": "made", "taken": "left", **refused}
    for name, password in (
        ("ann", "annsecret"),
        ("ann", "annsecret"),
        ("bob", "bobsecret"),
        ("taken", "my own one"),
    ):
        assert terminal.signs_in(name, password)
    assert not terminal.signs_in("taken", "other one")
    admins = {person["username"] for person in terminal("list") if person["is_admin"]}
    assert admins == {"ann"}
    assert {
        entry["result"]
        for entry in terminal("import-openpai", str(file))
        if entry["username"] in ("ann", "bob")
    } == {"left: the name is taken"}
    for bad, sentence in ((b"[1]", "no user file"), (b"{", "no JSON")):
        file.write_bytes(bad)
        terminal("import-openpai", str(file), status=1)
        assert sentence in terminal.said
    terminal("import-openpai", str(tmp_path / "missing"), status=1)
    assert "cannot be read" in terminal.said
