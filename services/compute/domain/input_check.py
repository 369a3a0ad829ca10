"""What is wrong with the inputs of a spec."""

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from typing import Final

from services.compute.domain.ids import is_uid
from services.compute.domain.layout import holder, is_plain_path, is_sandbox_name
from services.compute.domain.path_check import path_problem
from services.compute.domain.spec import Input, Source

Problem = tuple[str, str]
MAX_INPUTS: Final = 10_000
MAX_INLINE: Final = 1024 * 1024  # characters of all inline inputs together: they live in the database
MAX_HANDLE: Final = 512
MAX_LABEL: Final = 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")
_HANDLE = re.compile(r"[A-Za-z0-9._~-]{1,512}")


def inputs_problems(inputs: Sequence[Input], folders: Sequence[str]) -> Iterator[Problem]:
    """`folders` are the paths of the spec's."""
    if len(inputs) > MAX_INPUTS:
        yield "/inputs", f"A job has {MAX_INPUTS} inputs at most."
        return
    if sum(len(given.value) for given in inputs if given.source is Source.INLINE) > MAX_INLINE:
        yield "/inputs", f"Inputs in the spec itself have {MAX_INLINE} characters at most: upload a sandbox."
    for number, given in enumerate(inputs):
        here = f"/inputs/{number}"
        if problem := path_problem(given.path):
            yield f"{here}/path", problem
        elif holder(given.path, folders) is None:
            yield f"{here}/path", "An input lies in one of the job's folders."
        if problem := _value_problem(given):
            yield f"{here}/value", problem
        if given.sha256 is not None and _SHA256.fullmatch(given.sha256) is None:
            yield f"{here}/sha256", "64 lower-case hex digits."
        for name, text in (("label", given.label), ("group", given.group)):
            if len(text) > MAX_LABEL or not text.isprintable():
                yield f"{here}/{name}", f"At most {MAX_LABEL} characters that can be printed."
    yield from _collisions(inputs, folders)


def _value_problem(given: Input) -> str | None:
    value = given.value
    if given.source is Source.INLINE:
        return _inline_problem(value, given.encoded)
    if given.source is Source.GRANT:
        return None if _HANDLE.fullmatch(value) else "This is no grant."
    if given.source is Source.SANDBOX:
        return None if is_sandbox_name(value) else "A sandbox's name has letters, digits, `.`, `_` and `-`."
    uid, _, path = value.partition("/")
    return None if is_uid(uid) and is_plain_path(path) else "An output is named `<job uid>/<path>`."


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
        elif given.path in needed and holder(given.path, folders) is not None:
            yield f"/inputs/{number}/path", "This is a folder, of the job or of another input."
        files.add(given.path)
