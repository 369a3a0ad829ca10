"""The job that works off slices of one function: its sandbox, our programs in it, and the function."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any, Final
from urllib.parse import quote

from services.compute.domain.slices import MOST_TRIES
from services.compute.domain.spec import (
    Folder,
    Image,
    Input,
    Resources,
    Role,
    Slices,
    Source,
    Spec,
    Task,
)

JAVASCRIPT: Final = "javascript"
PYTHON: Final = "python"
PROGRAMS: Final = "/dcp"  # in the sandbox, read-only
EXCHANGE: Final = "/exchange"
SPARE_BYTES: Final = 384 << 20  # of memory, for our programs and until a slice that wants too much is ended
DISK_BYTES: Final = 1 << 30
VALUE_CHARS: Final = 4 << 20  # of one value as JSON
CONSOLE_CHARS: Final = 16384  # of all that one slice says
RESTARTS: Final = 2  # of an instance whose sandbox was lost, in one attempt
_INSIDE: Final = Path(__file__).parent / "inside"
_PACKAGE: Final = "services/compute/slicework/inside/python"  # by which the programs know each other


@dataclass(frozen=True, slots=True)
class Package:
    """What require(name) gives: `source` is a CommonJS module."""

    name: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """`language`: JAVASCRIPT (TypeScript was made that before) or PYTHON. `args` and `public` are JSON texts:
    a list, and an object. `pyimports` are modules that the function wants; whether there are such is seen
    inside. `max_errors`: so many slices that failed end the job.
    """

    language: str
    source: str
    strict: bool = False
    args: str = "[]"
    public: str = "{}"
    packages: tuple[Package, ...] = ()
    pyimports: tuple[str, ...] = ()
    max_errors: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where it runs: `lanes` instances side by side, each with these limits for each of its slices.

    `log_bytes`: what slices say is in the log of their instance too, up to this; it must be less than what
    the environment lets a run write.
    """

    environment: str
    image: str
    lanes: int = 1
    slice_cpu_seconds: float = 60.0
    slice_wall_seconds: float = 300.0
    slice_memory_bytes: int = 512 << 20
    log_bytes: int = 8 << 20


def sliced_spec(work: Work, place: Place) -> Spec:
    """Raises KeyError for a language that there is none of."""
    command = _COMMANDS[work.language]
    task = Task(command=command, image=Image(name=place.image), working_folder=EXCHANGE, retries=RESTARTS)
    memory = place.slice_memory_bytes + SPARE_BYTES
    role = Role(
        tasks=(task,),
        count=place.lanes,
        resources=Resources(cpus=1.0, memory_bytes=memory, disk_bytes=DISK_BYTES),
        least_failed=None,  # the others go on
    )
    return Spec(
        environment=place.environment,
        roles=(role,),
        folders=(Folder(path=PROGRAMS), Folder(path=EXCHANGE, writable=True)),
        inputs=tuple(_inputs(work, place)),
        judged_late=True,
        slices=Slices(folder=EXCHANGE, errors=work.max_errors),
    )


def job_document(work: Work, place: Place, exchange: str = EXCHANGE) -> Mapping[str, Any]:
    """What the programs are told, as job.json beside them."""
    common = {
        "exchange": exchange,
        "wall_seconds": place.slice_wall_seconds,
        "cpu_seconds": place.slice_cpu_seconds,
        "memory_bytes": place.slice_memory_bytes,
        "value_bytes": VALUE_CHARS,
        "console_bytes": CONSOLE_CHARS,
        "log_bytes": place.log_bytes,
        "tries": MOST_TRIES,
        "args": work.args,
        "public": json.loads(work.public),
    }
    if work.language == PYTHON:
        return {**common, "imports": list(work.pyimports)}
    return {**common, "strict": work.strict, "packages": [package.name for package in work.packages]}


@cache
def programs(language: str) -> Mapping[str, str]:
    """Texts by their path below PROGRAMS."""
    if language == PYTHON:
        found = {f"{_PACKAGE}/{path.name}": _text(path) for path in sorted((_INSIDE / "python").glob("*.py"))}
        return {**found, "main.py": _text(_INSIDE / "python" / "main.py")}
    return {path.name: _text(path) for path in sorted((_INSIDE / "node").glob("*.js"))}


def files(work: Work, place: Place, exchange: str = EXCHANGE) -> Mapping[str, str]:
    """All that lies in PROGRAMS."""
    packages = {f"packages/{_file(package.name)}": package.source for package in work.packages}
    document = json.dumps(job_document(work, place, exchange))
    return {**programs(work.language), **packages, "job.json": document, "work.txt": work.source}


def _inputs(work: Work, place: Place) -> Iterator[Input]:
    for name, text in files(work, place).items():
        path = str(PurePosixPath(PROGRAMS, name))
        yield Input(source=Source.INLINE, path=path, value=text, label=name)


def _file(package: str) -> str:
    """As encodeURIComponent names it."""
    return f"{quote(package, safe=_UNESCAPED)}.js"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


_UNESCAPED: Final = "!'()*-._~"
_COMMANDS: Final = {
    JAVASCRIPT: ("node", f"{PROGRAMS}/main.js", PROGRAMS),
    PYTHON: ("python3", "-I", f"{PROGRAMS}/main.py", PROGRAMS),
}
