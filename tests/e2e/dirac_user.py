"""Members of a virtual organisation before a whole stack, with tokens of one of their groups."""

import base64
from dataclasses import dataclass
from typing import Any

import requests

from libs.sql.engine import Database
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.domain.people import Group
from tests.e2e.browser import Browser, add_person
from tests.stack import Stack
from tests.waiting import wait_for

PASSWORD = "correct horse battery"
CLIENT = "myDIRACClientID"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SECONDS = 60
FINAL = ("Done", "Failed", "Killed", "Deleted")
USER, MANAGER = ("NormalUser",), ("NormalUser", "FileCatalogManagement")


@dataclass(frozen=True, slots=True)
class Member:
    stack: Stack
    username: str
    token: str

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.stack.gateway + path, headers=headers, timeout=SECONDS, **more)

    def did(self, method: str, path: str, **more: Any) -> Any:
        answer = self.ask(method, path, **more)
        assert answer.status_code == 200, f"{method} {path}: {answer.status_code} {answer.text[:2000]}"
        return answer.json()

    def submit(self, manifest: Any, **more: Any) -> int:
        (jid,) = self.did("POST", "/jobs", json=manifest, **more)["jids"]
        return int(jid)

    def ended(self, jid: int) -> dict[str, Any]:
        """As it is once it has ended."""

        def found() -> dict[str, Any] | None:
            job: dict[str, Any] = self.did("GET", f"/jobs/{jid}")
            return job if job["status"] in FINAL else None

        return wait_for(found, f"job {jid} to end") or {}

    def file(self, lfn: str, suffix: str = "") -> str:
        return f"/filecatalogue/file/{encoded(lfn)}{suffix}"

    def directory(self, path: str, suffix: str = "") -> str:
        return f"/filecatalogue/directory/{encoded(path)}{suffix}"


def encoded(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def add_member(
    stack: Stack, username: str, vo: str, group: str, properties: tuple[str, ...] = USER
) -> Member:
    """A new person in a group, which is made when it is missing, with a token for it."""
    person = add_person(stack, username, PASSWORD)
    database = Database.open(stack.config.service_database("auth"))
    people = SqlPeople(database, SystemClock())
    people.put_group(Group(name=group, vo=vo, properties=properties))
    people.set_groups(person.id, [group])
    database.dispose()
    return Member(stack, username, token_of(stack, username, f"vo:{vo} group:{group}"))


def token_of(stack: Stack, username: str, scope: str) -> str:
    """As diracx-cli gets one."""
    params = {"client_id": CLIENT, "scope": scope}
    device = requests.post(f"{stack.gateway}/dirac/api/auth/device", params=params, timeout=SECONDS).json()
    browser = Browser(stack.gateway)
    browser.sign_in(username, PASSWORD)
    browser.connect_device(device["user_code"])
    form = {"grant_type": DEVICE, "device_code": device["device_code"], "client_id": CLIENT}
    answer = requests.post(f"{stack.gateway}/dirac/api/auth/token", data=form, timeout=SECONDS)
    assert answer.status_code == 200, answer.text
    token: str = answer.json()["access_token"]
    return token
