"""What is wrong with a new job besides its spec: its name and labels, as (place, sentence)."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from services.compute.domain.errors import BadSpec
from services.compute.domain.job import NewJob
from services.compute.domain.site_check import storage_problems
from services.compute.domain.site_paths import WINDOW
from services.compute.domain.spec_check import pointer, problems

MAX_NAME: Final = 512
MAX_LABELS: Final = 64
MAX_VALUE: Final = 512
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,511}")


def check_job(new: NewJob) -> None:
    """Raises BadSpec with every problem of the job and its spec."""
    found = [*name_problems(new.name), *label_problems(new.labels), *problems(new.spec)]
    if new.dialect != WINDOW:
        found += storage_problems(new.spec)
    if found:
        raise BadSpec(found)


def name_problems(name: str) -> Iterator[tuple[str, str]]:
    if len(name) > MAX_NAME or not _is_shown(name):
        yield "/name", f"A name has {MAX_NAME} characters at most, all of which can be shown."


def label_problems(labels: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    if len(labels) > MAX_LABELS:
        yield "/labels", f"A job has {MAX_LABELS} labels at most."
        return
    for name, value in labels.items():
        place = f"/labels/{pointer(name[:64])}"
        if _LABEL.fullmatch(name) is None:
            yield place, "A label's name has 1 to 512 letters, digits and `._/-`, and starts with the former."
        if len(value) > MAX_VALUE or not _is_shown(value):
            yield place, f"A label's value has {MAX_VALUE} characters at most, all of which can be shown."


def _is_shown(text: str) -> bool:
    """No control characters, none that turn the text around, no half characters."""
    return text.isprintable()
