"""What is wrong with the inputs of a spec."""

import base64
import binascii
import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final
from urllib.parse import urlsplit

from services.compute.domain.ids import is_uid
from services.compute.domain.layout import holder, is_plain_path, is_sandbox_name
from services.compute.domain.objects import read_address
from services.compute.domain.path_check import path_problem
from services.compute.domain.site_paths import is_storage_path
from services.compute.domain.spec import Input, Source

Problem = tuple[str, str]
MAX_INPUTS: Final = 10_000
MAX_INLINE: Final = 4 * 1024 * 1024  # characters of all inline inputs together: they live in the database
MAX_URL: Final = 4096
MAX_HANDLE: Final = 512
MAX_LABEL: Final = 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HANDLE = re.compile(r"[A-Za-z0-9._~-]{1,512}")


def inputs_problems(
    inputs: Sequence[Input], folders: Sequence[str], shown: Collection[str] = ()
) -> Iterator[Problem]:
    """`folders` are the paths of the spec's; `shown` are those that only show what lies elsewhere."""
    if len(inputs) > MAX_INPUTS:
        yield "/inputs", f"A job has {MAX_INPUTS} inputs at most."
        return
    if sum(len(given.value) for given in inputs if given.source is Source.INLINE) > MAX_INLINE:
        yield "/inputs", f"Inputs in the spec itself have {MAX_INLINE} characters at most: upload a sandbox."
    for number, given in enumerate(inputs):
        here = f"/inputs/{number}"
        if problem := _place_problem(given, folders, shown):
            yield f"{here}/path", problem
        if problem := _value_problem(given):
            yield f"{here}/value", problem
        if given.sha256 is not None and _SHA256.fullmatch(given.sha256) is None:
            yield f"{here}/sha256", "64 lower-case hex digits."
        for name, text in (("label", given.label), ("group", given.group)):
            if len(text) > MAX_LABEL or not text.isprintable():
                yield f"{here}/{name}", f"At most {MAX_LABEL} characters that can be printed."
    yield from _collisions(inputs, folders)


def _place_problem(given: Input, folders: Sequence[str], shown: Collection[str]) -> str | None:
    if problem := path_problem(given.path):
        return problem
    number = _folder_of(given, folders)
    if number is None:
        return "An input lies in one of the job's folders."
    return "This folder shows another one: put the input there." if folders[number] in shown else None


def _folder_of(given: Input, folders: Sequence[str]) -> int | None:
    """A folder of the storage may come to be one of the job's own."""
    if given.source is Source.STORAGE and given.path in folders:
        return folders.index(given.path)
    return holder(given.path, folders)


def _value_problem(given: Input) -> str | None:
    value = given.value
    if given.source is Source.STORAGE:
        return _storage_problem(given)
    if given.source is Source.INLINE:
        return _inline_problem(value, given.encoded)
    if given.source is Source.GRANT:
        return None if _HANDLE.fullmatch(value) else "This is no grant."
    if given.source is Source.SANDBOX:
        return None if is_sandbox_name(value) else "A sandbox's name has letters, digits, `.`, `_` and `-`."
    if given.source is Source.OBJECT:
        return (
            None
            if _is_address(value)
            else "A stored object is named `owner:<subject>/<name>` or `group:<group>/<name>`."
        )
    if given.source is Source.URL:
        return url_problem(value)
    if given.source is Source.LFN:
        return lfn_problem(value)
    uid, _, path = value.partition("/")
    return None if is_uid(uid) and is_plain_path(path) else "An output is named `<job uid>/<path>`."


def _storage_problem(given: Input) -> str | None:
    if given.unpack or given.sha256 is not None:
        return "What comes from the storage is neither unpacked nor pinned."
    return None if is_storage_path(given.value) else "This is no path of the site's storage."


def lfn_problem(value: str) -> str | None:
    """Whether it is there, and whose, the catalogue knows."""
    if not value.startswith("/") or not is_plain_path(value[1:]):
        return "A file of the catalogue is named by its whole path: /<vo>/..., without empty parts and dots."
    return None


def _is_address(value: str) -> bool:
    try:
        read_address(value)
    except ValueError:
        return False
    return True


def url_problem(value: str) -> str | None:
    """Whether it may be called is asked when it is: only then it is known where it leads."""
    try:
        parts = urlsplit(value)
    except ValueError:
        return "This is no URL."
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return "Only http and https URLs are fetched."
    if "@" in parts.netloc:
        return "A URL must not hold a user name or password."
    if len(value) > MAX_URL or not value.isprintable() or " " in value:
        return f"A URL has {MAX_URL} characters at most, no spaces and no control characters."
    return None


def _inline_problem(value: str, encoded: bool) -> str | None:
    try:
        value.encode()
        if encoded:
            base64.b64decode(value, validate=True)
    except UnicodeEncodeError:
        return "It is not valid Unicode."
    except (binascii.Error, ValueError):
        return "It is not base64."
    return None


def _collisions(inputs: Sequence[Input], folders: Sequence[str]) -> Iterator[Problem]:
    """Two files at one path, or a file where another needs a folder."""
    files: set[str] = set()
    needed = set(folders)
    for given in inputs:
        parts = given.path.split("/")
        needed.update("/".join(parts[:length]) for length in range(2, len(parts)))
    for number, given in enumerate(inputs):
        if given.path in files:
            yield f"/inputs/{number}/path", "Another input has this path."
        elif given.source is Source.STORAGE:
            pass  # whether it is a folder is known when it comes
        elif given.path in needed and holder(given.path, folders) is not None:
            yield f"/inputs/{number}/path", "This is a folder, of the job or of another input."
        files.add(given.path)
