"""Requests made up from the descriptions, well-formed and not: statuses, media types and bodies of the
answers are among those described, on every route of every service.
"""

import copy
from collections.abc import Mapping
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.core.failures import FailureGroup
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from libs.openapi.document import OCTETS, Operation
from scripts.openapi.documents import SERVICES, documents

DOCUMENTS = documents()
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 8
WELL_FORMED, MALFORMED = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
OPERATIONS = [
    (service, operation, method)
    for service, operations in SERVICES.items()
    for operation in operations
    for method in operation.methods
]


def can_be_malformed(operation: Operation) -> bool:
    """Any text is a path segment, and any bytes are a document."""
    return operation.body.keys() != {OCTETS} and (
        bool(operation.body) or any(field.place != "path" for field in operation.fields)
    )


CASES = [(*entry, WELL_FORMED) for entry in OPERATIONS]
CASES += [(*entry, MALFORMED) for entry in OPERATIONS if can_be_malformed(entry[1])]


def shown(value: Any) -> str:
    return value.path if isinstance(value, Operation) else getattr(value, "value", value)


def described(content: dict[str, Any], operation: Operation, method: str) -> Any:
    return schemathesis.openapi.from_dict(content)[operation.path][method.lower()]


def conforms(app: Flask, operation: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        case.validate_response(case.call(app=app), checks=CHECKS)

    ask()


@pytest.mark.parametrize(("service", "operation", "method", "mode"), CASES, ids=shown)
def test_answers_are_among_the_described_ones(
    apps: Mapping[str, Flask], service: str, operation: Operation, method: str, mode: GenerationMode
) -> None:
    content = DOCUMENTS[f"service-{service}"]
    conforms(apps[service], described(content, operation, method), mode)


def test_an_answer_that_is_not_described_is_noticed(apps: Mapping[str, Flask]) -> None:
    entry = next(entry for entry in SERVICES["provider"] if entry.path.endswith("/nonce"))
    content = copy.deepcopy(DOCUMENTS["service-provider"])
    del content["paths"][entry.path]["get"]["responses"]["400"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        conforms(apps["provider"], described(content, entry, "GET"), MALFORMED)
