"""Rules of specs that no window's own reader can break, and what is seen of a spec that keeps them all."""

from dataclasses import replace
from typing import Any

import pytest

from services.compute.domain.errors import BadSpec
from services.compute.domain.reasons import CODES
from services.compute.domain.spec import Clocks, Folder, Output, Resources, Retry, Role, Slices, Spec, Task
from services.compute.domain.spec_check import MAX_FOLDERS, MAX_OUTPUTS, check, problems
from tests.fakes.compute_jobs import sized, spec

FOLDERS = (Folder(path="/w", writable=True), Folder(path="/r"))
WHOLE = spec(folders=FOLDERS, outputs=(Output(folder="/w"),))


def role(**changes: Any) -> Spec:
    return spec(roles=(Role(**{"tasks": (Task(command=("true",)),), **changes}),))


def test_a_good_spec_is_taken() -> None:
    check(WHOLE)
    check(sized(0.01, 1 << 20))
    check(replace(WHOLE, slices=Slices(folder="/w", errors=1), least_succeeded=1))
    check(role(count=3, least_failed=3, least_succeeded=3))
    check(replace(role(least_failed=None), gathered=True, judged_late=True))
    check(spec(retry=Retry(attempts=1_000_000, succeeded=True)))


PATH = "A path inside the job starts with /."
OWN = "Outputs are kept from the job's own writable folders only."


@pytest.mark.parametrize(
    ("bad", "path", "told"),
    [
        (spec(folders=(Folder(path="w"),)), "/folders/0/path", PATH),
        (spec(folders=(FOLDERS[0], FOLDERS[0])), "/folders/1/path", "Another folder has this path."),
        (
            spec(folders=tuple(Folder(path=f"/f{number}") for number in range(MAX_FOLDERS + 1))),
            "/folders",
            f"A job has {MAX_FOLDERS} folders at most.",
        ),
        (spec(folders=(*FOLDERS, Folder(path="/s", shows="w/a"))), "/folders/2/shows", PATH),
        (
            spec(folders=(*FOLDERS, Folder(path="/s", shows="/elsewhere/a"))),
            "/folders/2/shows",
            "What is shown lies in another folder of the job.",
        ),
        (replace(WHOLE, outputs=(Output(folder="w"),)), "/outputs/0/folder", PATH),
        (replace(WHOLE, outputs=(Output(folder="/r"),)), "/outputs/0/folder", OWN),
        (replace(WHOLE, outputs=(Output(folder="/x"),)), "/outputs/0/folder", OWN),
        (
            replace(WHOLE, outputs=(Output(folder="/w"),) * (MAX_OUTPUTS + 1)),
            "/outputs",
            f"A job has {MAX_OUTPUTS} outputs at most.",
        ),
        (
            role(tasks=(Task(command=(" ", "a")),)),
            "/roles/0/tasks/0/command/0",
            "The program's name is empty.",
        ),
        (role(resources=Resources(cpus=float("nan"))), "/roles/0/resources/cpus", "Between 0.01 and 100000."),
        (role(count=0), "/roles/0/count", "At least 1."),
        (role(sidecar=True), "/roles", "A job has a role that is no sidecar."),
        (spec(clocks=Clocks(run=0.0)), "/clocks/run", "More than 0 and at most 31622400 seconds."),
        (spec(retry=Retry(attempts=0)), "/retry/attempts", "Between 1 and 1000000."),
        (role(count=2, least_failed=3), "/roles/0/least_failed", "Between 1 and 2, as many as there are."),
        (role(count=2, least_failed=0), "/roles/0/least_failed", "Between 1 and 2, as many as there are."),
        (role(least_succeeded=2), "/roles/0/least_succeeded", "Between 1 and 1, as many as there are."),
        (
            replace(role(count=3), least_succeeded=4),
            "/least_succeeded",
            "Between 1 and 3, as many as there are.",
        ),
        (
            replace(WHOLE, slices=Slices(folder="/r")),
            "/slices/folder",
            "One of the job's own writable folders.",
        ),
        (
            replace(WHOLE, slices=Slices(folder="/w/below")),
            "/slices/folder",
            "One of the job's own writable folders.",
        ),
        (replace(WHOLE, slices=Slices(folder="/w", errors=0)), "/slices/errors", "At least 1."),
        (
            replace(WHOLE, slices=Slices(folder="/w"), roles=WHOLE.roles + role(name="b").roles),
            "/slices",
            "A job that works off slices has one role.",
        ),
        (
            replace(WHOLE, slices=Slices(folder="/w"), gathered=True),
            "/gathered",
            "Instances that work off slices are not gathered.",
        ),
        (
            spec(retry=Retry(on=frozenset({"pull_failed", "bad_luck"}))),
            "/retry/on",
            f"There is no reason bad_luck. Known: {', '.join(CODES)}.",
        ),
    ],
    ids=range(25),
)
def test_what_is_wrong_is_told_with_its_place(bad: Spec, path: str, told: str) -> None:
    assert list(problems(bad)) == [(path, told)]
    with pytest.raises(BadSpec) as caught:
        check(bad)
    assert str(caught.value) == f"{path}: {told}"
