"""Default deny: no route without an entry that says who may call it, no entry without a route, and the routes
do as their entries say.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from flask import Flask

from libs.openapi.document import EXPOSED, Access, Operation
from scripts.openapi.documents import SERVICES
from scripts.stack.config import REPO

# What anybody may call through the gateway. A new route that is missing here is a mistake until someone who
# thought about it writes it down.
PUBLIC = {
    ("provider", "/"),
    ("provider", "/spec"),
    ("provider", "/api/services/nonce"),
    ("provider", "/api/services/encrypt"),
    ("provider", "/api/services/fileinfo"),
    ("provider", "/api/services/initialize"),
    ("auth", "/.well-known/jwks.json"),
    ("auth", "/prominence/oidc/register"),
    ("auth", "/oauth2/setups"),
    ("auth", "/dirac/.well-known/dirac-metadata"),
    ("auth", "/dirac/.well-known/openid-configuration"),
    ("auth", "/dirac/api/auth/device"),  # the page; its POST is a client's
    # A user name and a password for a token.
    ("auth", "/api/auth"),
    ("auth", "/api/v1/token"),
    ("auth", "/login"),
    ("auth", "/login/wallet"),
    ("auth", "/logout"),
    ("auth", "/account"),
    ("auth", "/device"),
    ("auth", "/oauth2/auth"),
    ("auth", "/oauth2/device"),
    ("auth", "/pages/style.css"),
    ("auth", "/pages/icon.svg"),
    ("auth", "/pages/wallet.js"),
    ("auth", "/.well-known/oauth-authorization-server"),
    ("auth", "/.well-known/openid-configuration"),
    ("auth", "/oauth2/register"),
    ("auth", "/tidegate/v1/siwe/challenge"),
    ("catalogue", "/"),
    ("catalogue", "/api/aquarius"),
    ("catalogue", "/api/aquarius/"),
    ("catalogue", "/api/aquarius/health"),
    ("catalogue", "/api/aquarius/spec"),
    ("catalogue", "/api/aquarius/assets/ddo/{did}"),
    ("catalogue", "/api/aquarius/assets/metadata/{did}"),
    ("catalogue", "/api/aquarius/assets/names"),
    ("catalogue", "/api/aquarius/assets/query"),
    ("catalogue", "/api/aquarius/assets/ddo/validate"),
    ("catalogue", "/api/aquarius/assets/triggerCaching"),
    ("catalogue", "/api/aquarius/state/ddo"),
    ("catalogue", "/api/aquarius/state/retryQueue"),
    ("catalogue", "/api/aquarius/chains/list"),
    ("catalogue", "/api/aquarius/chains/status/{chain_id}"),
    ("catalogue", "/api/aquarius/validation/schema"),
    ("catalogue", "/filecatalogue/shared/{token}"),  # the token is a right to read one file
    ("compute", "/tidegate/v1/status"),
    ("compute", "/prominence/v1/health"),
    ("compute", "/api/v0/spec"),
    ("compute", "/api/v1/health"),
    ("compute", "/api/services/compute"),  # states alone: what a job was about wants a signature
    ("compute", "/api/compute"),
    # OpenPAI: what jobs of its window there are, and how they are; nothing of what they do.
    ("compute", "/api"),
    ("compute", "/api/v1"),
    ("compute", "/api/v1/info"),
    ("compute", "/api/v2/info"),
    ("compute", "/api/version"),
    ("compute", "/api/v1/virtual-clusters"),
    ("compute", "/api/v1/virtual-clusters/{name}"),
    ("compute", "/api/job"),
    ("compute", "/api/job/{name}"),
    ("compute", "/api/v1/user/{username}/jobs"),
    ("compute", "/api/v1/user/{username}/jobs/{name}"),
    ("compute", "/openpai/api/v1/jobs"),
    ("compute", "/openpai/api/v1/jobs/{name}"),
    ("compute", "/api/services/computeEnvironments"),
    ("compute", "/api/services/initializeCompute"),
    ("compute", "/api/services/validateContainer"),
}
MONITORING = {"/health/live", "/health/ready", "/metrics"}


def entries(*kinds: Access) -> list[tuple[str, str, Operation]]:
    return [
        (service, method, operation)
        for service, operations in SERVICES.items()
        for operation in operations
        for method in operation.methods
        if operation.access in kinds
    ]


def named(value: object) -> str | None:
    return value.path if isinstance(value, Operation) else None


def routes(app: Flask) -> set[tuple[str, str]]:
    """(path as OpenAPI spells it, method); HEAD comes with GET, OPTIONS is answered by the edge."""
    return {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method)
        for rule in app.url_map.iter_rules()
        for method in rule.methods or ()
        if method not in ("HEAD", "OPTIONS")
    }


@pytest.mark.parametrize("service", SERVICES)
def test_every_route_has_an_entry_and_every_entry_a_route(apps: Mapping[str, Flask], service: str) -> None:
    described = {
        (operation.path, method)
        for operation in SERVICES[service]
        for method in operation.methods
        if method != "HEAD"
    }
    assert routes(apps[service]) == described


def test_nothing_is_public_that_nobody_decided_on() -> None:
    assert {(service, operation.path) for service, _, operation in entries(Access.PUBLIC)} == PUBLIC


def test_only_health_and_metrics_are_for_monitoring() -> None:
    assert {operation.path for _, _, operation in entries(Access.OPERATIONS)} == MONITORING


def test_what_is_for_services_lies_below_internal_and_nothing_else_does() -> None:
    inner = {operation.path for _, _, operation in entries(Access.SERVICE, Access.CREDENTIALS)}
    outer = {operation.path for _, _, operation in entries(*EXPOSED, Access.OPERATIONS)}
    assert all(path.startswith("/internal/") for path in inner)
    assert not any(path.startswith("/internal") for path in outer)


@pytest.mark.parametrize(
    ("service", "method", "operation"), entries(Access.SERVICE, Access.CREDENTIALS), ids=named
)
@pytest.mark.parametrize("authorization", [None, "Bearer eyJ", "Bearer stranger's", "Basic Og==", "Basic x"])
def test_internal_routes_refuse_callers_that_prove_nothing(
    apps: Mapping[str, Flask], service: str, method: str, operation: Operation, authorization: str | None
) -> None:
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = apps[service].test_client().open(operation.path, method=method, headers=headers, json={})
    assert answer.status_code == 401


@pytest.mark.parametrize(("service", "method", "operation"), entries(Access.CLIENT), ids=named)
@pytest.mark.parametrize("form", [{}, {"client_id": "nobody"}, {"client_id": "nobody", "client_secret": "x"}])
def test_client_routes_serve_no_unknown_client(
    apps: Mapping[str, Flask], service: str, method: str, operation: Operation, form: dict[str, str]
) -> None:
    answer = apps[service].test_client().open(operation.path, method=method, data=form)
    assert answer.status_code in (400, 401)
    assert answer.get_json()["error"] in ("invalid_request", "invalid_client")


def sample(operation: Operation) -> dict[str, Any]:
    return {field.name: field.example for field in operation.fields if field.example is not None}


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [entry for entry in entries(Access.WALLET, Access.SIGNATURE) if entry[1] != "HEAD"],
    ids=named,
)
def test_signed_routes_refuse_what_nobody_signed(
    apps: Mapping[str, Flask], service: str, method: str, operation: Operation
) -> None:
    answer = apps[service].test_client().open(operation.path, method=method, query_string=sample(operation))
    assert answer.status_code == 400
    assert list(answer.get_json()["errors"]) == ["signature"]


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    [entry for entry in entries(Access.WALLET, Access.SIGNATURE) if entry[1] != "HEAD"],
    ids=named,
)
def test_signed_routes_refuse_a_signature_of_somebody_else(
    apps: Mapping[str, Flask], service: str, method: str, operation: Operation
) -> None:
    params = {**sample(operation), "signature": "0x" + "11" * 64 + "1b"}
    answer = apps[service].test_client().open(operation.path, method=method, query_string=params)
    assert answer.status_code == 400
    assert list(answer.get_json()["errors"]) == ["signature"]
    assert "11" * 20 not in answer.get_data(as_text=True)


LOCATION = re.compile(
    r"^ *location (?P<how>=|\^~)? ?(?P<path>/\S*) \{(?P<body>.*?)\} *$", re.MULTILINE | re.DOTALL
)
BY_PATTERN = re.compile(
    r'location ~\* "?(?P<pattern>\^[^"\s]+)"? \{\s*rewrite \^ (?P<target>\S+) break;'
    r"\s*proxy_pass http://(?P<service>\w+);"
)
UPSTREAM = re.compile(r"proxy_pass http://(\w+)(/\S*);")


def locations() -> Iterator[tuple[str, str, str]]:
    """(how, path, body); `how` is `=`, `^~` or nothing. No location of ours has blocks inside."""
    for page in (REPO / "gateway").rglob("*.conf"):
        for found in LOCATION.finditer(re.sub(r"#.*", "", page.read_text())):
            yield found["how"] or "", found["path"], found["body"]


def by_pattern(path: str) -> tuple[str, str] | None:
    """Of the first pattern that fits; a named group carries a part of the path over."""
    sample = re.sub(r"\{(\w+)\}", r"\1", path)
    for page in (REPO / "gateway").rglob("*.conf"):
        for found in BY_PATTERN.finditer(page.read_text()):
            fits = re.match(found["pattern"].replace("(?<", "(?P<"), sample, re.IGNORECASE)
            if fits is not None:
                target = found["target"]
                for name, value in fits.groupdict().items():
                    target = target.replace(f"${name}", f"{{{value}}}")
                return found["service"], target
    return None


def gateway_sends(path: str) -> tuple[str, str] | None:
    """(service, path there) as nginx chooses: an exact location, a pattern, the longest prefix. None: 404."""
    exact = [entry for entry in locations() if entry[0] == "=" and entry[1] == path]
    if not exact and (matched := by_pattern(path)) is not None:
        return matched
    prefixes = [entry for entry in locations() if entry[0] != "=" and path.startswith(entry[1])]
    _, prefix, body = exact[0] if exact else max(prefixes, key=lambda entry: len(entry[1]))
    found = UPSTREAM.search(body)
    return None if found is None else (found[1], found[2] + path.removeprefix(prefix))


@pytest.mark.parametrize(("service", "method", "operation"), entries(*EXPOSED), ids=named)
def test_the_gateway_sends_each_exposed_route_to_its_service(
    service: str, method: str, operation: Operation
) -> None:
    reached = gateway_sends(operation.path)
    assert reached is not None
    if (service, operation.path) == ("catalogue", "/"):
        assert reached == ("provider", "/")  # the catalogue's own root is for those who reach its port
        return
    owner, path = reached
    known = {operation.path for operation in SERVICES[owner]}
    assert owner == service
    assert path in known


@pytest.mark.parametrize(
    ("service", "method", "operation"),
    entries(Access.SERVICE, Access.CREDENTIALS, Access.OPERATIONS),
    ids=named,
)
def test_the_gateway_sends_nobody_to_what_is_not_exposed(
    service: str, method: str, operation: Operation
) -> None:
    assert gateway_sends(operation.path) is None
