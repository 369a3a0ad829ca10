"""Requests made up from the description, by somebody who may: answers are among the described ones."""

from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from libs.openapi.document import Access, Operation
from scripts.openapi.documents import documents
from services.compute.dialects.native.operations import OPERATIONS
from tests.fakes.compute_room import MINIMUM, Room

CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
OWN = [
    (operation, method)
    for operation in OPERATIONS
    for method in operation.methods
    if operation.access is Access.PRINCIPAL and "whoami" not in operation.path
]
DOCUMENT = documents()["service-compute"]


def shown(value: Any) -> str:
    return value.path if isinstance(value, Operation) else str(value)


@pytest.fixture
def uid(room: Room) -> str:
    uid = room.submit(name="x")
    room.run(uid, files={"a.txt": b"abc"})
    room.write_log(uid, b"line\n")
    room.call("PUT", "/sandboxes/data", data=b"abc", token="root")
    return uid


@pytest.fixture
def workflow(room: Room) -> str:
    steps = [{**MINIMUM, "name": "a"}, {**MINIMUM, "name": "b", "after": ["a"]}]
    uid = room.call("POST", "/workflows", json={"steps": steps}).get_json()["uid"]
    room.call("POST", f"/workflows/{uid}/cancel")
    return str(uid)


@pytest.mark.parametrize(("operation", "method"), OWN, ids=shown)
def test_answers_are_among_the_described_ones(
    room: Room, uid: str, workflow: str, operation: Operation, method: str
) -> None:
    described: Any = schemathesis.openapi.from_dict(DOCUMENT)[operation.path][method.lower()]
    known = {"ref": workflow if "/workflows" in operation.path else uid, "path": "a.txt", "name": "data"}

    @settings(
        max_examples=10,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=described.as_strategy(generation_mode=GenerationMode.POSITIVE))
    def ask(case: Any) -> None:
        for name, value in known.items():
            if name in case.path_parameters:
                case.path_parameters[name] = value
        case.validate_response(
            case.call(app=room.app, headers={"Authorization": "Bearer root"}), checks=CHECKS
        )
        answer = case.call(app=room.app, headers={"Authorization": "Bearer ada"})
        case.validate_response(answer, checks=CHECKS)
        assert answer.status_code < 500

    ask()
