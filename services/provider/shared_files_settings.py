"""Where the provider and its egress process find shared files of the file catalogue."""

from typing import Final

from libs.web.settings import Env

PATH: Final = "/filecatalogue/shared/"


def read_shared_files(env: Env) -> str | None:
    """Their URL up to the token: at FILECATALOGUE_URL, or where the catalogue is. None where neither is
    known.
    """
    names = ("FILECATALOGUE_URL", "CATALOGUE_URL", "AQUARIUS_URL")
    name = next((name for name in names if env.optional(name)), None)
    return None if name is None else env.http_url(name).rstrip("/") + PATH
