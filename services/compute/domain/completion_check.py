"""What is wrong with the rules by which a job ends, and with the row of slices that it works off. Pure;
places are JSON pointers over the fields of domain/spec.py.
"""

from collections.abc import Iterator

from services.compute.domain.spec import Folder, Role, Slices, Spec

Problem = tuple[str, str]


def completion_problems(spec: Spec) -> Iterator[Problem]:
    for number, role in enumerate(spec.roles):
        for name in ("least_failed", "least_succeeded"):
            yield from _least(getattr(role, name), role.count, f"/roles/{number}/{name}")
    yield from _least(spec.least_succeeded, _counting(spec.roles), "/least_succeeded")
    if spec.slices is not None:
        yield from _slices(spec, spec.slices)


def _counting(roles: tuple[Role, ...]) -> int:
    """Instances that may decide how the job ends."""
    return sum(role.count for role in roles if not role.sidecar)


def _least(number: int | None, most: int, here: str) -> Iterator[Problem]:
    if number is not None and not 1 <= number <= max(most, 1):
        yield here, f"Between 1 and {max(most, 1)}, as many as there are."


def _slices(spec: Spec, slices: Slices) -> Iterator[Problem]:
    if len(spec.roles) != 1:
        yield "/slices", "A job that works off slices has one role."
    if spec.gathered:
        yield "/gathered", "Instances that work off slices are not gathered."
    if not any(folder.path == slices.folder and _is_own(folder) for folder in spec.folders):
        yield "/slices/folder", "One of the job's own writable folders."
    if slices.errors is not None and slices.errors < 1:
        yield "/slices/errors", "At least 1."


def _is_own(folder: Folder) -> bool:
    return folder.writable and folder.shows is None
