"""The job that works off slices."""

import json

import pytest

from services.compute.domain.spec import MAIN, Source
from services.compute.domain.spec_check import problems
from services.compute.domain.spec_json import decode, encode
from services.compute.slicework.spec import (
    JAVASCRIPT,
    PYTHON,
    Package,
    Place,
    Work,
    files,
    programs,
    sliced_spec,
)

PLACE = Place(environment="small", image="some:image", lanes=3, slice_memory_bytes=100 << 20)


@pytest.mark.clause("dcp 4.1", "dcp 4.5")
@pytest.mark.parametrize("language", [JAVASCRIPT, PYTHON])
def test_the_job(language: str) -> None:
    work = Work(language=language, source="the function", args="[1]", public='{"name":"n"}', max_errors=4)
    spec = sliced_spec(work, PLACE)
    assert list(problems(spec)) == []
    (role,) = spec.roles
    assert (role.name, role.count, role.least_failed) == (MAIN, 3, None)
    assert role.resources.memory_bytes > 100 << 20
    assert spec.slices is not None
    assert (spec.slices.folder, spec.slices.errors) == ("/exchange", 4)
    assert [(folder.path, folder.writable) for folder in spec.folders] == [
        ("/dcp", False),
        ("/exchange", True),
    ]
    assert {given.source for given in spec.inputs} == {Source.INLINE}
    inputs = {given.path: given.value for given in spec.inputs}
    assert inputs["/dcp/work.txt"] == "the function"
    told = json.loads(inputs["/dcp/job.json"])
    assert (told["args"], told["public"], told["exchange"]) == ("[1]", {"name": "n"}, "/exchange")
    assert (told["wall_seconds"], told["cpu_seconds"], told["memory_bytes"]) == (300.0, 60.0, 100 << 20)
    assert role.tasks[0].command[-2] in inputs
    assert role.tasks[0].image is not None
    assert role.tasks[0].image.name == "some:image"
    assert decode(json.loads(json.dumps(encode(spec)))) == spec


def test_packages_lie_where_the_programs_look_for_them() -> None:
    work = Work(language=JAVASCRIPT, source="f", packages=(Package("@a/b c.js", "text"),))
    assert files(work, PLACE)["packages/%40a%2Fb%20c.js.js"] == "text"
    assert json.loads(files(work, PLACE)["job.json"])["packages"] == ["@a/b c.js"]


def test_the_programs_know_each_other_by_where_they_lie() -> None:
    inside = programs(PYTHON)
    assert {name for name in inside if name.endswith("supervisor.py")} == {
        "services/compute/slicework/inside/python/supervisor.py"
    }
    assert "main.py" in inside
    assert set(programs(JAVASCRIPT)) == {
        "main.js",
        "child.js",
        "exchange.js",
        "executor.js",
        "realm.js",
        "says.js",
    }
