"""Default deny, held against the URL map of every service: each route is closed or on the short list of what
anybody may call (test_routes.py), and says so in its description too.
"""

import re
from collections.abc import Iterator, Mapping

import pytest
from flask import Flask
from werkzeug.routing import Rule

from libs.openapi.document import Access
from libs.web.gate import NEEDS, PUBLIC, SERVICE, SIGNED, Gate, UnmarkedRoutes, install_gate, mark_of
from scripts.openapi.documents import SERVICES
from tests.contract.openapi.test_routes import MONITORING
from tests.contract.openapi.test_routes import PUBLIC as OPEN

# What proves the caller is the route's own affair for every other kind of access (a signature, a client's
# secret, the session of a browser).
MARK_OF_ACCESS = {
    Access.PUBLIC: PUBLIC,
    Access.OPERATIONS: PUBLIC,
    Access.SERVICE: SERVICE,
    Access.PRINCIPAL: NEEDS,
}

# Needs a principal, or takes the proof in its body instead (DCP contract 2.4).
ASKS_ITSELF = {("POST", "/api/v0/key")}


def path_of(rule: Rule) -> str:
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule)


def marked(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        mark = mark_of(app.view_functions[rule.endpoint])
        assert mark is not None, f"{rule.rule} does not say who may call it"
        yield rule, mark.kind


@pytest.mark.parametrize("service", SERVICES)
def test_each_route_is_closed_or_on_the_list_of_what_anybody_may_call(
    apps: Mapping[str, Flask], service: str
) -> None:
    everybody = {path_of(rule) for rule, kind in marked(apps[service]) if kind == PUBLIC}
    assert everybody - MONITORING <= {path for name, path in OPEN if name == service}


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_route_says_of_itself_is_what_its_description_says(
    apps: Mapping[str, Flask], service: str
) -> None:
    described = {
        (operation.path, method): operation.access
        for operation in SERVICES[service]
        for method in operation.methods
    }
    for rule, kind in marked(apps[service]):
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            access = described[(path_of(rule), method)]
            asks_itself = (method, rule.rule) in ASKS_ITSELF
            expected = SIGNED if asks_itself else MARK_OF_ACCESS.get(access, SIGNED)
            assert kind == expected, f"{method} {rule.rule}: {kind}, described as {access}"


@pytest.mark.parametrize("service", SERVICES)
def test_who_proves_nothing_gets_nothing(apps: Mapping[str, Flask], service: str) -> None:
    """Every method of every route that needs a principal or is for services: 401 before anything else."""
    client = apps[service].test_client()
    for rule, kind in marked(apps[service]):
        if kind not in (NEEDS, SERVICE):
            continue
        path = re.sub(r"<int:\w+>", "7", re.sub(r"<(?!int:)[^>]+>", "x", rule.rule))
        for method in (rule.methods or set()) - {"OPTIONS"}:
            answer = client.open(path, method=method)
            assert answer.status_code == 401, f"{method} {path}"
            assert answer.headers["WWW-Authenticate"], f"{method} {path}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_with_one_forgotten_route_does_not_start(apps: Mapping[str, Flask], service: str) -> None:
    app = Flask(service, static_folder=None)
    for name, blueprint in apps[service].blueprints.items():
        app.blueprints[name] = blueprint
    for rule in apps[service].url_map.iter_rules():
        app.add_url_rule(rule.rule, rule.endpoint, apps[service].view_functions[rule.endpoint])
    app.extensions.update(apps[service].extensions)
    install_gate(app, Gate())
    app.add_url_rule("/forgotten/<number>", "forgotten", lambda number: "secret")
    with pytest.raises(UnmarkedRoutes, match=r"/forgotten/<number> \(forgotten\)"):
        install_gate(app, Gate())
