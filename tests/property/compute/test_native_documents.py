"""Job documents of any shape: a job or a list of problems, never an exception of another kind."""

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.web.params import BadParams
from libs.web.strict_json import parse_json
from services.compute.dialects.native.documents import expand
from services.compute.dialects.native.translate import new_job
from services.compute.dialects.native.views import spec_view
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import BadSpec
from services.compute.domain.spec import Resources, Spec
from services.compute.domain.spec_check import check
from services.compute.domain.spec_json import decode
from tests.fakes.compute_room import ADA, PINNED, SMALL

BOOK = EnvironmentBook([SMALL, PINNED])
NAMES = (
    "name", "labels", "environment", "image", "command", "variables", "working_folder", "split_logs",
    "retries", "tasks", "roles", "resources", "folders", "inputs", "outputs", "timeouts", "retry", "priority",
    "network", "keep_failed_outputs", "keep_seconds", "count", "cpus", "memory", "disk", "gpus", "nodes",
    "processes", "path", "writable", "text", "base64", "sandbox", "output", "executable", "sha256", "label",
    "folder", "pattern", "required", "queue", "run", "attempts", "on", "source", "value", "unknown",
)  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
    | st.sampled_from(["small", "pinned", "/work", "/work/x", "python:3.12", "2 GiB", "YQ==", "main", "**"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)
DOCUMENTS = st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=10)


def read(document: Any) -> Spec | None:
    try:
        sent = parse_json(json.dumps(document))
        assert isinstance(sent, dict)
        new, _ = new_job(sent, ADA, BOOK)
    except BadSpec as error:
        return _sensible(error)
    except BadParams:
        return None
    return new.spec


def _sensible(error: BadSpec) -> None:
    assert error.problems
    for place, text in error.problems:
        assert place == "" or place.startswith("/")
        assert text


@settings(max_examples=400, deadline=None)
@given(document=DOCUMENTS)
def test_any_document_is_a_job_or_has_problems(document: Any) -> None:
    spec = read(document)
    if spec is not None:
        check(spec)
        assert decode(expand(spec_view(spec), Resources()).spec) == spec


@settings(max_examples=200, deadline=None)
@given(member=st.sampled_from(NAMES), value=VALUES)
def test_one_odd_member_in_a_sound_document(member: str, value: Any) -> None:
    read({"environment": "small", "command": ["true"], member: value})
