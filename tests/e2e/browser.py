"""A person before a browser, as far as our pages need one: cookies, `Origin`, forms with all their fields."""

import re
import secrets
from html import unescape

import requests

from libs.sql.engine import Database
from services.auth.adapters.argon2 import Argon2Passwords
from services.auth.adapters.clock import SystemClock
from services.auth.adapters.store_sql.people import SqlPeople
from services.auth.domain.people import Person, PersonState
from tests.stack import Stack


def add_person(stack: Stack, username: str, password: str) -> Person:
    """Straight into the stack's database, as nobody is there yet who could ask the administration API."""
    clock = SystemClock()
    person = Person(
        id=secrets.token_hex(16),
        username=username,
        display_name=username.title(),
        email=f"{username}@example.org",
        state=PersonState.ACTIVE,
        is_admin=False,
        version=1,
        created_at=clock.now(),
    )
    database = Database.open(stack.config.service_database("auth"))
    SqlPeople(database, clock).add(person, Argon2Passwords().hash(password))
    database.dispose()
    return person


class Browser:
    def __init__(self, site: str) -> None:
        self._site = site
        self._session = requests.Session()
        self.page = requests.Response()

    def get(self, path: str) -> requests.Response:
        self.page = self._session.get(self._site + path, timeout=30)
        return self.page

    def send(self, action: str, **values: str) -> requests.Response:
        """Fill in the page's form that posts to `action`, send it, follow where it leads."""
        data = {**self._fields(action), **values}
        headers = {"Origin": self._site}
        self.page = self._session.post(self._site + action, data=data, headers=headers, timeout=30)
        return self.page

    def answer(self, action: str, **values: str) -> str:
        """As `send`, for a form that leads to an application: where it leads."""
        data = {**self._fields(action), **values}
        self.page = self._session.post(
            self._site + action, data=data, headers={"Origin": self._site}, timeout=30, allow_redirects=False
        )
        assert self.page.status_code == 303, self.page.text
        return self.page.headers["Location"]

    def sign_in(self, username: str, password: str) -> None:
        self.get("/login")
        self.send("/login", username=username, password=password)
        assert self.page.status_code == 200, self.page.text

    def connect_device(self, user_code: str, decision: str = "allow") -> None:
        """Enter the code that a device shows, and answer."""
        self.get("/device")
        self.send("/device", user_code=user_code)
        assert self.page.status_code == 200, self.page.text
        self.send("/device", decision=decision)
        assert self.page.status_code == 200, self.page.text

    def _fields(self, action: str) -> dict[str, str]:
        pattern = rf'<form method="post" action="{re.escape(action)}"(.*?)</form>'
        form = re.search(pattern, self.page.text, re.DOTALL)
        assert form is not None, self.page.text
        found: dict[str, str] = {}
        for tag in re.findall(r"<input [^>]*>", form[1]):
            name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
            if name is not None:
                found[name[1]] = unescape(value[1]) if value is not None else ""
        return found
