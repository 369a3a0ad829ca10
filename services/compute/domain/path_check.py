"""Which absolute paths may stand in a spec."""

from typing import Final

from services.compute.domain.layout import is_plain_path

# What the image or the kernel owns: a folder of the job there would hide it.
SYSTEM: Final = frozenset(
    {"bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "proc", "run", "sbin", "sys", "usr"}
)


def path_problem(path: str) -> str | None:
    """What is wrong with it as an absolute path inside a job; None when nothing is."""
    if not path.startswith("/"):
        return "A path inside the job starts with /."
    if path != "/" and not is_plain_path(path[1:]):
        return "A path has no empty part, no `.` or `..`, no control character, and no / at the end."
    return None


def folder_problem(path: str) -> str | None:
    """The same of a folder that the job brings."""
    problem = path_problem(path)
    if problem:
        return problem
    if path == "/" or path[1:].split("/")[0] in SYSTEM:
        return "This place belongs to the image: choose another, like /work or /data."
    return None
