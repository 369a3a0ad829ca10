"""The native room alone, over memory stores, behind a gate that knows a few tokens."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from libs.web import edge
from libs.web.credentials import Caller, Credential
from libs.web.gate import Gate, Refused, install_gate
from libs.web.principal import Principal
from services.auth.dialects import native
from services.auth.dialects.native.errors import render_edge
from services.auth.domain.clients import Client, ClientOrigin
from services.auth.usecases.keyring import Keyring
from tests.fakes.auth import MemoryKeyStore, PlainSealer
from tests.fakes.auth_admin import ADMIN, Office, administration
from tests.fakes.auth_oauth import MemoryClients

ROOM = "/tidegate/v1/admin"


@dataclass
class Tokens:
    """The gate's source: each token stands for a principal."""

    known: dict[str, Principal] = field(default_factory=dict)

    def principal(self, credential: Credential, caller: Caller) -> Principal:
        if credential.value not in self.known:
            raise Refused
        return self.known[credential.value]


class Desk(Office):
    def __post_init__(self) -> None:
        super().__post_init__()
        self.clients = MemoryClients()
        self.clients.add(Client(client_id="app", origin=ClientOrigin.ADMIN, name="App"))
        self.keys = MemoryKeyStore(self.clock)
        self.ring = Keyring(self.keys, PlainSealer(), self.clock)
        self.ring.start()
        self.tokens = Tokens(
            {
                "admins": ADMIN,
                "no-scope": replace(ADMIN, scopes=frozenset({"job:read", "keys"})),
                "no-admin": replace(ADMIN, is_admin=False),
                "persons": replace(ADMIN, is_admin=False, scopes=frozenset({"job:read"})),
            }
        )
        self.add("root", is_admin=True)
        self.audit.stored.clear()
        self.http = self._app().test_client()

    def call(self, method: str, path: str, body: Any = None, token: str | None = "admins") -> TestResponse:
        headers = {} if token is None else {"Authorization": "Bearer " + token}
        return self.http.open(ROOM + path, method=method, json=body, headers=headers)

    def raw(self, method: str, path: str, data: bytes) -> TestResponse:
        headers = {"Authorization": "Bearer admins", "Content-Type": "application/json"}
        return self.http.open(ROOM + path, method=method, data=data, headers=headers)

    def _app(self) -> Flask:
        app = Flask(__name__, static_folder=None)
        app.url_map.merge_slashes = False
        native.mount(app, administration(self, self.clients, self.keys, self.ring))
        edge.install(app, "auth", checks={}, render_error=render_edge)
        install_gate(app, Gate(self.tokens))
        return app


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def http(desk: Desk) -> FlaskClient:
    return desk.http
