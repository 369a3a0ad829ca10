"""OpenPAI's room of auth over fakes."""

from typing import Any, Final

from flask import Flask
from flask.testing import FlaskClient

from libs.web.gate import Gate, install_gate
from libs.web.remembered_principals import RememberedPrincipals
from services.auth.dialects import openpai
from services.auth.dialects.internal.own import OwnPrincipals
from services.auth.domain.openpai import OpenPaiSite
from services.auth.usecases.openpai import OpenPaiUsers
from services.auth.usecases.passwords import Passwords
from services.auth.usecases.people import Accounts, Holdings, NewPerson
from tests.fakes.auth_admin import ADMIN
from tests.fakes.auth_people import PlainHasher
from tests.fakes.auth_world import World

AUTH: Final = "/api/auth"


class Site:
    """The room over fakes, with an administrator `root` and a user `u`."""

    def __init__(self, openpai_site: OpenPaiSite | None = None) -> None:
        self.world = world = World()
        passwords = Passwords(world.people, PlainHasher(), world.guesses, world.audit)
        holdings = Holdings(grants=world.grants, api_keys=world.api_keys)
        self.accounts = Accounts(world.people, passwords, world.audit, world.clock, holdings)
        for name, is_admin in (("root", True), ("u", False)):
            self.accounts.create(ADMIN, NewPerson(username=name, password="secret1", is_admin=is_admin))
        app = Flask(__name__, static_folder=None)
        self.users = users = OpenPaiUsers(
            world.people, passwords, self.accounts, world.oauth.access_tokens, openpai_site
        )
        openpai.mount(app, users)
        install_gate(app, Gate(RememberedPrincipals(OwnPrincipals(world.principals), now=world.clock.now)))
        self.client: FlaskClient = app.test_client()

    def token(self, name: str, password: str = "secret1", **more: Any) -> str:
        answer = self.client.post(AUTH, json={"username": name, "password": password, **more})
        assert answer.status_code == 200, answer.data
        return str(answer.json["token"])

    def bearer(self, name: str, password: str = "secret1") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(name, password)}"}
