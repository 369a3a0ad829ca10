"""What jobs leave in the site's storage (domain/spec.py: Output.to), and the folders for it.

Everything may be done twice: the same bytes go to the same places.
"""

from collections.abc import Iterable
from typing import Final

from services.compute.domain.errors import FilesUnavailable, Refused
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Spec
from services.compute.ports.site_storage import SitePathMissing, SitePathUnusable, SiteStorage
from services.compute.worker.hold import Phase
from services.compute.worker.journal import Journal
from services.compute.worker.outputs import Found, bytes_of

PAUSE_SECONDS: Final = 5.0


def make_folders(site: SiteStorage, spec: Spec, phase: Phase, journal: Journal) -> None:
    """Before the start: what cannot be written to later is told now. Raises Refused, GivenUp."""
    wanted = dict.fromkeys(output.to for output in spec.outputs if output.to is not None)
    for folder in wanted:
        _make(site, folder, phase, journal)


def write(site: SiteStorage, files: Iterable[Found], phase: Phase, journal: Journal) -> Reason | None:
    """What became of it when something did. Raises Refused, GivenUp, FilesUnavailable."""
    for found in files:
        if found.to is None:
            continue
        try:
            site.put(found.to, bytes_of(found, phase.check))
        except (SitePathMissing, SitePathUnusable) as error:
            return _refused(found.path, error)
        journal.say(f"wrote {found.path} to the storage")
    return None


def _make(site: SiteStorage, folder: str, phase: Phase, journal: Journal) -> None:
    while True:
        phase.check()
        try:
            site.make_folder(folder)
            return
        except (SitePathMissing, SitePathUnusable) as error:
            raise Refused(_refused(f"The folder {folder}", error)) from error
        except FilesUnavailable:
            journal.say("the storage does not answer now; trying again")
        phase.pause(PAUSE_SECONDS)


def _refused(what: str, error: SitePathMissing | SitePathUnusable) -> Reason:
    why = str(error) if isinstance(error, SitePathUnusable) else "no file may have such a name"
    return Reason("output_refused", f"{what} cannot be written to the storage: {why}.")
