"""OutputData (contract 2.13): which outputs of a job become files of the catalogue, and what they are called
there.
"""

from datetime import UTC, datetime

from services.compute.dialects.dirac.manifest.files import LFN, Files, output_name
from services.compute.domain.notices import Means, Notice
from services.compute.domain.numbering import JOB_ID
from services.compute.domain.sheets import Sheet


def notices_of(files: Files, sheet: Sheet, now: float) -> tuple[Notice, ...]:
    """`now` in UTC seconds. Without a virtual organisation there is no place for files."""
    folder = _folder(files.output_path, sheet, now)
    return tuple(
        Notice(
            means=Means.CATALOGUE,
            address=output_name(entry),
            url=entry.removeprefix(LFN) if entry.startswith(LFN) else folder,
        )
        for entry in files.registered
    )


def _folder(asked: str, sheet: Sheet, now: float) -> str:
    """A path that is not whole lies below the owner's own folder."""
    if asked.startswith("/"):
        return f"{asked}/"
    home = f"/{sheet.realm}/user/{sheet.owner_name[:1]}/{sheet.owner_name}"
    return f"{home}/{asked}/" if asked else f"{home}/{datetime.fromtimestamp(now, UTC):%Y_%m}/{JOB_ID}/"
