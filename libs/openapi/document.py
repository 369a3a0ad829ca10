"""OpenAPI 3.1 documents out of small tables of operations that stand beside the routes they describe.

Plain data in, plain data out: nothing here knows Flask, a service or a dialect. Built once, at start or by
`make openapi`; no request comes near it. tests/contract/openapi holds the tables against the real routes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

Schema = Mapping[str, Any]
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
TEXT = "text/plain"
OCTETS = "application/octet-stream"


class Access(StrEnum):
    """Who may call, and by what it is proven. Every route has exactly one of these."""

    PUBLIC = "public"  # anybody
    WALLET = "wallet"  # a wallet's signature, or an AuthToken in its place
    SIGNATURE = "signature"  # a wallet's signature, nothing else
    PRINCIPAL = "principal"  # whoever any credential of ours stands for (libs/web/gate.py)
    LINK = "link"  # whoever holds a link that we signed
    CLIENT = "client"  # an OAuth2 client: by its id, and its secret or key when it has one
    REGISTRATION = "registration"  # an OAuth2 client about itself: by its registration token (RFC 7592)
    SERVICE = "service"  # one of our services, by its token; closed at the gateway
    CREDENTIALS = "credentials"  # one of our services, by its name and secret; closed at the gateway
    OPERATIONS = "operations"  # whoever reaches the port: monitoring; closed at the gateway


# What the gateway lets in.
EXPOSED = frozenset(
    {
        Access.PUBLIC,
        Access.WALLET,
        Access.SIGNATURE,
        Access.PRINCIPAL,
        Access.LINK,
        Access.CLIENT,
        Access.REGISTRATION,
    }
)

_SECURITY: Mapping[Access, list[dict[str, list[str]]]] = {
    Access.PUBLIC: [],
    Access.WALLET: [{"signature": []}, {"authToken": []}],
    Access.SIGNATURE: [{"signature": []}],
    Access.PRINCIPAL: [{"accessToken": []}],
    Access.LINK: [{"link": []}],
    Access.CLIENT: [{"clientSecret": []}, {}],
    Access.REGISTRATION: [{"accessToken": []}],
    Access.SERVICE: [{"serviceToken": []}],
    Access.CREDENTIALS: [{"serviceSecret": []}],
    Access.OPERATIONS: [],
}
_SCHEMES: Mapping[str, Schema] = {
    "signature": {
        "type": "apiKey",
        "in": "query",
        "name": "signature",
        "description": "0x and the hex of a personal signature (EIP-191) over the Keccak-256 hash of the "
        "text that the operation names, or of a contract wallet's signature (EIP-1271). Query, JSON or form.",
    },
    "authToken": {"type": "apiKey", "in": "header", "name": "AuthToken"},
    "accessToken": {"type": "http", "scheme": "bearer"},
    "link": {
        "type": "apiKey",
        "in": "query",
        "name": "signature",
        "description": "Of a link that an answer of ours held, with its `expires`.",
    },
    "clientSecret": {"type": "http", "scheme": "basic"},
    "serviceToken": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "serviceSecret": {"type": "http", "scheme": "basic"},
}


@dataclass(frozen=True, slots=True)
class Field:
    """A parameter. `place` "any": query, JSON or form alike, as Ocean clients send them."""

    name: str
    schema: Schema
    description: str = ""
    required: bool = False
    place: str = "any"  # any | query | path | header
    example: Any = None


@dataclass(frozen=True, slots=True)
class Reply:
    description: str
    content: Mapping[str, Schema] = field(default_factory=dict)  # schema by media type


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One route with its methods. `path` as OpenAPI spells it: `/assets/ddo/{did}`."""

    path: str
    methods: tuple[str, ...]
    summary: str
    replies: Mapping[int, Reply]
    access: Access = Access.PUBLIC
    tag: str = ""
    description: str = ""
    fields: tuple[Field, ...] = ()
    body: Mapping[str, Schema] = field(default_factory=dict)  # what is sent besides fields, by media type


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    title: str
    version: str
    description: str
    server: str = "/"


def document(about: About, operations: Iterable[Operation], schemas: Mapping[str, Schema]) -> dict[str, Any]:
    """The whole document; paths in the order given. Raises ValueError when an operation is there twice."""
    paths: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for operation in operations:
        item = paths.setdefault(operation.path, {})
        for method in operation.methods:
            if method.lower() in item:
                raise ValueError(f"{method} {operation.path} is described twice")
            item[method.lower()] = _operation(operation, method)
            used |= {name for entry in _SECURITY[operation.access] for name in entry}
    return {
        "openapi": "3.1.0",
        "info": {"title": about.title, "version": about.version, "description": about.description},
        "servers": [{"url": about.server.rstrip("/") or "/"}],
        "paths": paths,
        "components": {
            "schemas": dict(schemas),
            "securitySchemes": {name: scheme for name, scheme in _SCHEMES.items() if name in used},
        },
    }


def named(name: str) -> Schema:
    """A reference to one of the document's schemas."""
    return {"$ref": f"#/components/schemas/{name}"}


def json_reply(description: str, schema: Schema | str) -> Reply:
    return Reply(description, {JSON: named(schema) if isinstance(schema, str) else schema})


def object_of(required: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    return {"type": "object", "properties": {**required, **(optional or {})}, "required": list(required)}


def _operation(operation: Operation, method: str) -> dict[str, Any]:
    by_body = method in ("POST", "PUT") and not operation.body
    placed = [entry for entry in operation.fields if not (by_body and entry.place == "any")]
    found: dict[str, Any] = {
        "operationId": _operation_id(operation.path, method),
        "tags": [operation.tag] if operation.tag else [],
        "summary": operation.summary,
        "description": operation.description,
        "parameters": [_parameter(entry) for entry in placed],
        "responses": {str(status): _reply(reply) for status, reply in sorted(operation.replies.items())},
        "security": _SECURITY[operation.access],
        "x-access": str(operation.access),
    }
    if method in ("POST", "PUT"):
        found |= _body(operation.body, [entry for entry in operation.fields if entry not in placed])
    return {name: value for name, value in found.items() if value or name in ("security", "responses")}


def _operation_id(path: str, method: str) -> str:
    words = "".join(character if character.isalnum() else " " for character in path).split()
    return "_".join([method.lower(), *words, *(["root"] if path.endswith("/") else [])])


def _parameter(entry: Field) -> dict[str, Any]:
    place = "query" if entry.place == "any" else entry.place
    found: dict[str, Any] = {"name": entry.name, "in": place, "required": entry.required or place == "path"}
    if entry.description:
        found["description"] = entry.description
    return found | {"schema": _exemplified(entry)}


def _exemplified(entry: Field) -> Schema:
    return entry.schema if entry.example is None else {**entry.schema, "examples": [entry.example]}


def _body(content: Mapping[str, Schema], fields: Sequence[Field]) -> dict[str, Any]:
    if content:
        return {"requestBody": {"required": True, "content": _media(content)}}
    if not fields:
        return {}
    properties = {
        entry.name: {
            **_exemplified(entry),
            **({"description": entry.description} if entry.description else {}),
        }
        for entry in fields
    }
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required := [entry.name for entry in fields if entry.required]:
        schema["required"] = required
    media = {JSON: {"schema": schema}, FORM: {"schema": schema}}
    return {"requestBody": {"description": "Each member may stand in the query instead.", "content": media}}


def _reply(reply: Reply) -> dict[str, Any]:
    found: dict[str, Any] = {"description": reply.description}
    if reply.content:
        found["content"] = _media(reply.content)
    return found


def _media(content: Mapping[str, Schema]) -> dict[str, Any]:
    return {kind: {"schema": schema} for kind, schema in content.items()}
