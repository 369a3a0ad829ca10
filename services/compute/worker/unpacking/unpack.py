"""Which kind of archive a name promises, and bringing its contents to their place."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from services.compute.domain.archives import tars, zips
from services.compute.domain.archives.members import BadArchive, parts_of
from services.compute.domain.archives.packers import TARS, Opener, Unpacked, gunzipped, unbzipped
from services.compute.worker.unpacking.landing import Landing

_SINGLE: Final[Mapping[str, Opener]] = {".gz": gunzipped, ".bz2": unbzipped}


def unpack(archive: Path, name: str, landing: Landing, *, executable: bool = False) -> None:
    """`name` is the archive's own, whose ending says what it is; a file that is packed alone loses it.
    `executable`: all files in it are, whatever it says of them.

    Raises BadArchive, TooLarge, OSError, and what the landing's check does.
    """
    with archive.open("rb") as file:
        if name.lower().endswith(".zip"):
            landing.take(zips.members(file), executable=executable)
        elif ending := _ending(name, TARS):
            landing.take(tars.members(Unpacked(TARS[ending](file))), executable=executable)
        elif ending := _ending(name, _SINGLE):
            parts = parts_of(name[: -len(ending)])
            if not parts:
                raise BadArchive("nothing of its name is left without the ending")
            landing.write(parts, Unpacked(_SINGLE[ending](file)).chunks(), executable=executable)
        else:
            raise BadArchive("no archive has a name like its own")


def _ending(name: str, known: Mapping[str, Opener]) -> str | None:
    return next((ending for ending in known if name.lower().endswith(ending)), None)
