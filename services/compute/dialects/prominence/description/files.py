"""What goes into a job and what comes out: inputs, artifacts, outputs (contract 2.1)."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import basename
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.dialects.prominence.description.values import flag, known_only, texts_of
from services.compute.domain.input_check import url_problem
from services.compute.domain.layout import is_plain_path
from services.compute.domain.spec_json import pointer

ARCHIVES: Final = (".tgz", ".tar.gz", ".tar", ".gz", ".tar.bz2", ".bz2", ".zip")
MAX_FILES: Final = 1000  # of each kind
STORAGE: Final = "this gateway mounts no external storage: use artifacts and outputFiles"
_HTTP: Final = ("http", "https")


@dataclass(frozen=True, slots=True)
class AskedInput:
    name: str
    content: str  # base64
    executable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedArtifact:
    """`url` or the name of a stored object. What lies in `folder` of the home is also seen at `mount`."""

    url: str
    is_object: bool
    name: str = ""
    executable: bool = False
    folder: str = ""
    mount: str = ""

    @property
    def is_archive(self) -> bool:
        return self.name.lower().endswith(ARCHIVES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    inputs: tuple[AskedInput, ...] = ()
    artifacts: tuple[AskedArtifact, ...] = ()
    output_files: tuple[str, ...] = ()
    output_dirs: tuple[str, ...] = ()


def read_files(document: Mapping[str, Any], path: str, notes: Notes) -> Files:
    if document.get("storage") is not None:
        notes.add(f"{path}/storage", STORAGE)
    inputs = [
        _input(entry, pointer(f"{path}/inputs", number), notes)
        for number, entry in enumerate(_list(document, "inputs", path, notes))
    ]
    artifacts = [
        _artifact(entry, pointer(f"{path}/artifacts", number), notes)
        for number, entry in enumerate(_list(document, "artifacts", path, notes))
    ]
    return Files(
        inputs=tuple(inputs),
        artifacts=tuple(artifacts),
        output_files=_patterns(document, "outputFiles", path, notes),
        output_dirs=_patterns(document, "outputDirs", path, notes),
    )


def _list(document: Mapping[str, Any], name: str, path: str, notes: Notes) -> list[Any]:
    given = document.get(name)
    if given is None:
        return []
    if type(given) is not list:
        notes.add(f"{path}/{name}", f"an array of {name} must be provided")
        return []
    if len(given) > MAX_FILES:
        notes.add(f"{path}/{name}", f"there must be at most {MAX_FILES} {name}")
        return []
    return given


def _patterns(document: Mapping[str, Any], name: str, path: str, notes: Notes) -> tuple[str, ...]:
    given = document.get(name)
    if given is None:
        return ()
    here = f"{path}/{name}"
    found = texts_of(given, here, f"{name} must be a list of strings", notes)
    if len(found) > MAX_FILES:
        notes.add(here, f"there must be at most {MAX_FILES} {name}")
        return ()
    return found


def _input(given: Any, path: str, notes: Notes) -> AskedInput:
    """Whatever folder the name has: the file lies in the home folder itself."""
    if type(given) is not dict:
        notes.add(path, "each input must be a dict")
        return AskedInput("", "", executable=False)
    for name in given:
        if name not in ("filename", "content", "executable"):
            notes.add(pointer(path, name[:64]), f"invalid item {quoted(name)} in input")
    name, content = given.get("filename"), given.get("content")
    content = "".join(content.split()) if type(content) is str else content
    if type(name) is not str or not is_plain_path(basename(name)):
        notes.add(path, "each input must contain a filename")
        name = ""
    if type(content) is not str or not _is_base64(content):
        notes.add(path, "each input must contain base64 encoded content")
        content = ""
    return AskedInput(basename(name), content, executable=flag(given, "executable", path, notes))


def _is_base64(content: str) -> bool:
    try:
        base64.b64decode(content, validate=True)
    except (binascii.Error, ValueError):
        return False
    return True


def _artifact(given: Any, path: str, notes: Notes) -> AskedArtifact:
    nothing = AskedArtifact(url="", is_object=True)
    if type(given) is not dict:
        notes.add(path, "each artifact must be a dict")
        return nothing
    known_only(given, ("url", "mountpoint", "executable"), path, "in artifact", notes)
    given = repaired(given)
    url, executable = given.get("url"), flag(given, "executable", path, notes)
    if type(url) is not str or not url:
        notes.add(path, "an artifact must contain a URL")
        return nothing
    folder, mount = _mountpoint(given.get("mountpoint"), f"{path}/mountpoint", notes)
    is_object = "://" not in url
    problem = None if is_object else url_problem(url)
    name = basename(url if is_object else unquote(urlsplit(url).path) if problem is None else "x")
    if problem is None and not is_plain_path(name):
        problem = "an artifact's URL must end in the name of a file"
    if problem is not None:
        notes.add(f"{path}/url", problem)
    return AskedArtifact(
        url=url, is_object=is_object, name=name, executable=executable, folder=folder, mount=mount
    )


def repaired(artifact: Mapping[str, Any]) -> dict[str, Any]:
    """The command line cuts `https://host/file` at its colon (contract 2.5): put together again."""
    url, mountpoint = artifact.get("url"), artifact.get("mountpoint")
    if url in _HTTP and type(mountpoint) is str and mountpoint.startswith("//"):
        rest = {name: value for name, value in artifact.items() if name not in ("url", "mountpoint")}
        return {"url": f"{url}:{mountpoint}", **rest}
    return dict(artifact)


def _mountpoint(value: Any, path: str, notes: Notes) -> tuple[str, str]:
    """The folder of the home, and where it is seen too."""
    if value is None:
        return "", ""
    if type(value) is not str or value.count(":") != 1:
        notes.add(path, "invalid mountpoint for artifact")
        return "", ""
    folder, mount = value.split(":")
    if "/" in folder or not is_plain_path(folder):
        notes.add(path, "invalid source in mountpoint for artifact")
    if not mount.startswith("/"):
        notes.add(path, "the mountpoint for an artifact must be an absolute path")
    return folder, mount.rstrip("/")
