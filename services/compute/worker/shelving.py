"""Registers what a job made in the file catalogue, once it has ended well."""

from collections.abc import Callable
from typing import Final

from services.compute.domain.errors import JobNotFound, OutputNotFound, QuotaExceeded
from services.compute.domain.lfns import actor_of
from services.compute.domain.numbering import numbered
from services.compute.domain.patterns import matches
from services.compute.domain.states import State
from services.compute.ports.notices import DueNotice
from services.compute.ports.sheets import JobSheets
from services.compute.ports.store import JobStore
from services.compute.usecases.registering import RegisterOutputs, Wanted

NOTHING: Final = "the job kept no output of that name"
SEVERAL: Final = "several outputs of the job would be one file"


class ShelvingRefused(Exception):
    """Trying again would not help; the sentence says why."""


Shelve = Callable[[DueNotice], None]
"""Raises ShelvingRefused, CatalogueUnavailable, FilesUnavailable, StoreUnavailable."""


class Shelver:
    def __init__(self, store: JobStore, sheets: JobSheets, register: RegisterOutputs) -> None:
        self._store = store
        self._sheets = sheets
        self._register = register

    def __call__(self, due: DueNotice) -> None:
        if due.body["state"] != State.SUCCEEDED:
            return
        try:
            job = self._store.find(due.body["uid"], None)
        except JobNotFound:
            return
        sheet = self._sheets.sheets([job.id]).get(job.id)
        if sheet is None or not sheet.realm:
            raise ShelvingRefused("the job belongs to no virtual organisation")
        # By its own id, as its outputs are: a job that is tried again has the notices of the one before.
        pattern, folder = numbered(due.notice.address, job.id), due.notice.url
        outputs = self._register.outputs(job)
        paths = [file.path for file in outputs if _is_meant(pattern, folder, file.path)]
        if not paths:
            raise ShelvingRefused(NOTHING)
        if len(paths) > 1 and not folder.endswith("/"):
            raise ShelvingRefused(SEVERAL)
        wanted = [Wanted(path=path, lfn=folder + path if folder.endswith("/") else folder) for path in paths]
        try:
            refused = {lfn: why for lfn, why in self._register(job, wanted, actor_of(sheet)).items() if why}
        except (OutputNotFound, QuotaExceeded) as error:
            raise ShelvingRefused(str(error)) from error
        if refused:
            raise ShelvingRefused("; ".join(f"{lfn}: {why}" for lfn, why in refused.items())[:500])


def _is_meant(pattern: str, place: str, path: str) -> bool:
    """What goes into a folder may be named by a folder of the job's."""
    is_below = place.endswith("/") and matches(f"{pattern}/**", path)
    return is_below or matches(pattern, path)
