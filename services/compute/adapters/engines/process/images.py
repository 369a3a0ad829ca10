"""Which of this machine's own programs stand for an image name: a small table, and a refusal for the rest.

Every job of this engine sees this machine's /usr; an image decides which programs its PATH names, and what
an empty command means.
"""

import os
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from services.compute.domain.errors import Refused
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Image

LINKS: Final = "/opt/tidegate/bin"  # inside
SYSTEM_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SYSTEM_TREES = ("/usr/",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`links`: names in LINKS and what they lead to; `trees`: of this machine, read-only at the same path,
    beside /usr.
    """

    stands_for: str
    command: tuple[str, ...]
    links: Mapping[str, str] = field(default_factory=dict)
    trees: tuple[str, ...] = ()


def _system(_: str) -> Program:
    shell = "/usr/bin/bash" if os.path.exists("/usr/bin/bash") else "/bin/sh"
    return Program(stands_for="this machine's own system", command=(shell,))


def _python(tag: str) -> Program:
    """The interpreter of the tag's version if the machine has it, else its usual one; never another major."""
    version = _version(tag)
    if version and version[0] != "3":
        raise _refused(f"This machine has no Python {version[0]}.")
    exact = _exact_python(".".join(version[:2])) if len(version) > 1 else None
    usual = shutil.which("python3", path=SYSTEM_PATH)
    found = exact or (Path(usual).resolve() if usual else Path(_own_python()))
    links = {name: str(found) for name in ("python", "python3")}
    return Program(
        stands_for=f"this machine's {found.name}",
        command=(f"{LINKS}/python3",),
        links=links,
        trees=_python_trees(found),
    )


def _exact_python(version: str) -> Path | None:
    found = shutil.which(f"python{version}", path=SYSTEM_PATH)
    if found:
        return Path(found).resolve()
    own = Path(_own_python())
    return own if version == f"{sys.version_info.major}.{sys.version_info.minor}" else None


def _own_python() -> str:
    return os.path.realpath(sys.executable)


def _python_trees(found: Path) -> tuple[str, ...]:
    """Of an interpreter outside /usr: itself and its library, nothing else of the folder that holds it."""
    if str(found).startswith(_SYSTEM_TREES):
        return ()
    libraries = found.parents[1] / "lib"
    trees = [found, libraries / found.name, *libraries.glob("libpython3*.so*")]
    return tuple(str(tree) for tree in trees if tree.exists())


def _node(_: str) -> Program:
    found = shutil.which("node", path=f"{SYSTEM_PATH}:{':'.join(os.get_exec_path())}")
    if not found:
        raise _refused("This machine has no Node.js.")
    program = os.path.realpath(found)
    trees = () if program.startswith(_SYSTEM_TREES) else (program,)
    return Program(
        stands_for="this machine's node", command=(f"{LINKS}/node",), links={"node": program}, trees=trees
    )


def _by_tag(tag: str) -> Program:
    """Ocean's sample algorithms: one image, told apart by tag."""
    return _node(tag) if tag.startswith("node") else _python("")


_TABLE: Final[Mapping[str, Callable[[str], Program]]] = {
    "python": _python,
    "node": _node,
    "debian": _system,
    "ubuntu": _system,
    "bash": _system,
    "busybox": _system,  # its scripts run on any system, as far as the machine has the programs
    "buildpack-deps": _system,
    "oceanprotocol/algo_dockers": _by_tag,
}


def program_of(image: Image | None) -> Program:
    """Raises Refused (image_refused)."""
    if image is None:
        return _system("")
    name, tag = _name_and_tag(image.name)
    maker = _TABLE.get(name)
    if maker is None:
        offered = ", ".join(sorted(_TABLE))
        raise _refused(
            f"This environment runs no images: it has its machine's own programs for {offered}, "
            f"and none for {image.name[:200]}."
        )
    return maker(tag)


def _name_and_tag(text: str) -> tuple[str, str]:
    whole = text.partition("@")[0]
    for prefix in ("docker.io/", "index.docker.io/", "library/"):
        whole = whole.removeprefix(prefix)
    name, colon, tag = whole.rpartition(":")
    return (name, tag) if colon and "/" not in tag else (whole, "")


def _version(tag: str) -> list[str]:
    parts = tag.partition("-")[0].split(".")
    return parts if all(part.isdigit() for part in parts) else []


def _refused(sentence: str) -> Refused:
    return Refused(Reason("image_refused", sentence))
