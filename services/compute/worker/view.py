"""Which of a job's folders a path inside the job is in: the deepest that is seen there. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.compute.domain.layout import is_plain_path
from services.compute.domain.spec import Folder

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Spot:
    """`number` is the folder's in the spec; `parts` lie below it, none for the folder itself."""

    number: int
    folder: Folder
    parts: Parts


def seen_at(folder: Folder) -> list[str]:
    return [folder.path, *([] if folder.shows is None else [folder.shows])]


def locate(folders: Sequence[Folder], path: str) -> Spot | None:
    """None for what lies in no folder, and for what is no plain absolute path."""
    if not path.startswith("/") or not is_plain_path(path[1:]):
        return None
    best: tuple[int, Spot] | None = None
    wanted = path.split("/")
    for number, folder in enumerate(folders):
        for place in seen_at(folder):
            own = place.split("/")
            if wanted[: len(own)] == own and (best is None or len(own) > best[0]):
                best = (len(own), Spot(number, folder, tuple(wanted[len(own) :])))
    return None if best is None else best[1]
