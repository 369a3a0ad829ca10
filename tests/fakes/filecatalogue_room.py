"""The catalogue's whole app with a file catalogue in a database of its own, and callers of several VOs."""

import atexit
import base64
import functools
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from werkzeug.test import TestResponse

from libs.openapi.document import JSON
from libs.signing.keys import PrivateKey
from libs.sql.engine import Database
from libs.web.gate import Gate
from libs.web.principal import Principal
from libs.web.settings import Secret
from services.catalogue.adapters.files_sql.store import MIGRATIONS, SqlFiles, new_files_store
from services.catalogue.app import create_app
from services.catalogue.deps import Deps
from services.catalogue.dialects.dirac.operations import OPERATIONS
from services.catalogue.file_ports import OwnBytes
from services.catalogue.settings import FileSettings, Settings
from services.catalogue.wiring import build, file_catalogue
from tests.fakes.principals import KnownPrincipals
from tests.fakes.provider_app import FakeServiceTokens
from tests.migrated import upgrade

BASE = "/filecatalogue"
SCOPES = frozenset({"file:read", "file:write"})
DESCRIBED = {(entry.path, method): entry for entry in OPERATIONS for method in entry.methods}
MANAGER = ("NormalUser", "FileCatalogManagement")


def encoded(path: str) -> str:
    return base64.urlsafe_b64encode(path.encode()).decode()


def directory(path: str, suffix: str = "") -> str:
    return f"/directory/{encoded(path)}{suffix}"


def file(path: str, suffix: str = "") -> str:
    return f"/file/{encoded(path)}{suffix}"


def principal(name: str, vo: str | None, group: str | None = None, **more: Any) -> Principal:
    group = group or (None if vo is None else f"{vo}_user")
    known: dict[str, Any] = {
        "subject": f"person:{name}",
        "name": name,
        "display_name": name,
        "groups": () if group is None else (group,),
        "group": group,
        "vo": vo,
        "scopes": SCOPES,
        "credential": "reference",
    }
    return Principal(**{**known, **more})


PRINCIPALS: Mapping[str, Principal] = {
    "alice": principal("alice", "vo"),
    "bob": principal("bob", "vo"),
    "carol": principal("carol", "vo", "vo_other"),
    "boss": principal("boss", "vo", "vo_admin", properties=MANAGER),
    "mallory": principal("mallory", "evil"),
    "chief": principal("chief", "evil", "evil_admin", properties=MANAGER),
    "nobody": principal("nobody", None),
    "reader": principal("alice", "vo", scopes=frozenset({"file:read"})),
    "jobs": principal("alice", "vo", scopes=frozenset({"job:read"})),
}


@dataclass
class FileRoom:
    """`url` is of the file catalogue's database; without one it is SQLite below `folder`."""

    folder: Path
    url: str = ""
    with_files: bool = True
    global_read: bool = True
    own_bytes: OwnBytes | None = None
    principals: KnownPrincipals = field(default_factory=lambda: KnownPrincipals(**PRINCIPALS))

    def __post_init__(self) -> None:
        settings, index = _index()
        self._store = self._open() if self.with_files else None
        known = FileSettings(database_url=Secret(""), own_se="TIDEGATE", global_read=self.global_read)
        files = None if self._store is None else file_catalogue(self._store, known)
        deps = replace(
            index,
            files=files,
            own_bytes=self.own_bytes,
            verifier=FakeServiceTokens(),  # type: ignore[arg-type]
            gate=Gate(self.principals),
        )
        self.app = create_app(settings, deps)
        self.http = self.app.test_client()

    def _open(self) -> SqlFiles:
        database = Database.open(self.url or f"sqlite:///{self.folder}/files.db")
        upgrade(database.engine, MIGRATIONS)
        return new_files_store(database)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def call(self, method: str, path: str, token: str | None = "alice", **sent: Any) -> TestResponse:
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return self.http.open(
            BASE + path, method=method, headers={**headers, **sent.pop("headers", {})}, **sent
        )

    def did(self, method: str, path: str, token: str = "alice", **sent: Any) -> Any:
        """The document of a call that goes well."""
        answer = self.call(method, path, token, **sent)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        document = answer.get_json()
        self._check(method, path, document)
        return document

    def get(self, path: str, token: str = "alice", **query: Any) -> Any:
        return self.did("GET", path, token, **({"query_string": query} if query else {}))

    def refused(self, method: str, path: str, token: str = "alice", **sent: Any) -> tuple[int, str, str]:
        """Status, code and text of a call that goes wrong, in the dialect's envelope."""
        answer = self.call(method, path, token, **sent)
        body = answer.get_json()
        assert body is not None, answer.get_data(as_text=True)
        assert set(body) == {"error", "error_description", "detail", "status"}, body
        assert body["error_description"] == body["detail"]
        assert body["status"] == answer.status_code
        return answer.status_code, body["error"], body["detail"]

    def _check(self, method: str, path: str, document: Any) -> None:
        """What goes well has the shape that the API description says."""
        bare = BASE + path.partition("?")[0]
        rule, _ = self.app.url_map.bind("").match(bare, method, return_rule=True)
        described = DESCRIBED[re.sub(r"<(\w+)>", r"{\1}", rule.rule), method]
        Draft202012Validator(described.replies[200].content[JSON]).validate(document)

    # -- what tests begin with ------------------------------------------------------------------------
    def make(self, path: str, token: str = "alice") -> None:
        self.did("POST", directory(path), token)

    def add(self, path: str, token: str = "alice", **members: Any) -> Any:
        return self.did("PUT", file(path), token, json={"Size": 1, **members})

    def declare(self, name: str, type: str, scope: str = "directory", token: str = "boss") -> None:
        self.did("POST", "/metadata/fields", token, json={"name": name, "type": type, "scope": scope})

    def know(self, path: str, token: str = "alice", **values: Any) -> None:
        self.did("PATCH", directory(path, "/usermetadata"), token, json=values)


@functools.cache
def _index() -> tuple[Settings, Deps]:
    """The rest of the catalogue, which no test here asks anything: one for all."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    settings = Settings(
        database_url=Secret(f"sqlite:///{folder}/index.db"),
        key=PrivateKey("0x" + "42" * 32),
        public_url="/",
        log_level="INFO",
    )
    deps = build(settings)
    deps.close()  # it opens again should anybody ask
    return settings, deps
