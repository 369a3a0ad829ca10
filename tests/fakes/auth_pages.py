"""The pages over fakes, and a browser that keeps cookies and fills in forms."""

import re
from dataclasses import dataclass, field, replace
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.signing.keys import PrivateKey
from libs.web import edge
from libs.web.gate import Gate, install_gate
from services.auth.dialects import pages
from services.auth.dialects.pages import PagesParts
from services.auth.dialects.pages.responses import Responses
from services.auth.dialects.pages.site import Address
from services.auth.domain.people import Group, Person, PersonState
from services.auth.domain.sign_in import site_of
from services.auth.usecases.siwe import Outside, SignIn
from tests.fakes.auth_siwe import signed
from tests.fakes.auth_world import ISSUER, WALLET, World

PASSWORD = "correct horse"
PEER = "203.0.113.7"


def parts_of(world: World, issuer: str) -> PagesParts:
    """The world's own, as if it stood at `issuer`."""
    outside = Outside(
        nonces=world.single_use, contracts=world.contracts, chains=world.chains, clock=world.clock
    )
    return replace(world.pages, address=Address.of(issuer), wallets=SignIn(site_of(issuer), outside))


@dataclass
class Site:
    """The room alone, with two people in it."""

    issuer: str = ISSUER
    world: World = field(default_factory=World)

    def __post_init__(self) -> None:
        self.parts = parts_of(self.world, self.issuer)
        self.app = Flask("pages", static_folder=None)
        errors = pages.mount(self.app, self.parts)
        edge.install(
            self.app,
            "auth",
            checks={},
            render_error=lambda status, text, error: errors.of_status(status),
        )
        install_gate(self.app, Gate())
        self.ann = self.add_person("ann", "1" * 32)
        self.bob = self.add_person("bob", "2" * 32, is_admin=True)

    def add_person(self, username: str, person_id: str, *, is_admin: bool = False) -> Person:
        person = Person(
            id=person_id, username=username, display_name=username.title(), email=None,
            state=PersonState.ACTIVE, is_admin=is_admin, version=1, created_at=self.world.clock.now(),
        )  # fmt: skip
        self.world.people.add(person, "plain$" + PASSWORD)
        return person

    def add_group(self, name: str, vo: str, *members: Person) -> None:
        self.world.people.put_group(Group(name=name, vo=vo, properties=("NormalUser",)))
        for person in members:
            found = self.world.people.by_id(person.id)
            assert found is not None
            self.world.people.set_groups(person.id, [*found.groups, name])

    def parts_responses(self) -> Responses:
        return Responses(self.parts.address)

    def browser(self) -> "Browser":
        return Browser(self.app.test_client(), self.issuer)


@dataclass
class Browser:
    """Behaves as browsers do: cookies, `Origin` on forms, forms sent with every field they hold."""

    client: FlaskClient
    issuer: str = ISSUER
    page: TestResponse | None = None
    sent: Any = None  # what was posted last

    def get(self, path: str, **more: Any) -> TestResponse:
        more.setdefault("headers", {"X-Real-IP": PEER})
        self.page = self.client.get(path, base_url=self.issuer, **more)
        return self.page

    def post(self, path: str, data: Any, **headers: str | None) -> TestResponse:
        """Headers that are None are left out; `Origin` is ours unless said otherwise."""
        found = {"Origin": self.issuer, "X-Real-IP": PEER, "Sec-Fetch-Site": "same-origin"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        headers_sent = {name: value for name, value in {**found, **named}.items() if value is not None}
        self.sent = data
        self.page = self.client.post(path, base_url=self.issuer, data=data, headers=headers_sent)
        return self.page

    def fields(self, action: str) -> dict[str, str]:
        """The hidden fields and prefilled inputs of the page's form that posts to `action`."""
        assert self.page is not None
        form = re.search(
            rf'<form method="post" action="{re.escape(action)}"(.*?)</form>', self.page.text, re.DOTALL
        )
        assert form is not None, self.page.text
        inputs = re.findall(r"<input [^>]*>", form[1])
        named = {tag: re.search(r'name="([^"]*)"', tag) for tag in inputs}
        values = {tag: re.search(r'value="([^"]*)"', tag) for tag in inputs}
        return {
            name[1]: unescape(value[1]) if (value := values[tag]) else ""
            for tag, name in named.items()
            if name is not None
        }

    def send(self, action: str, **values: str) -> TestResponse:
        """Fill in the page's form and send it."""
        return self.post(action, {**self.fields(action), **values})

    def follow(self) -> TestResponse:
        assert self.page is not None
        assert self.page.status_code == 303, self.page.text
        return self.get(self.page.headers["Location"])

    def sign_in(self, username: str = "ann", password: str = PASSWORD) -> TestResponse:
        if self.page is None or "/login" not in self.page.request.path:
            self.get("/login")
        return self.send("/login", username=username, password=password)

    def sign_in_with(self, wallet: PrivateKey = WALLET) -> TestResponse:
        """As without a script: the text is shown, signed elsewhere and pasted."""
        self.get(f"/login/wallet?address={wallet.address}")
        assert self.page is not None
        shown = re.search(r"<textarea id=\"message\"[^>]*>\n(.*?)</textarea>", self.page.text, re.DOTALL)
        assert shown is not None
        text = unescape(shown[1])
        sent = text.replace("\n", "\r\n")  # as browsers write line ends of forms
        return self.send("/login/wallet", message=sent, signature=signed(text, wallet))


def query_of(location: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
