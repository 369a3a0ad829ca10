"""Names of folders and files in the site's storage, which OpenPAI's jobs read from and write to (OpenPAI
contract 7.4).

`hdfs://host:port/p`, `hdfs://p`, `$PAI_DEFAULT_FS_URI/p`, `/p` and `p` are all the path `p` below the
storage's root. What lies in `Output/<user>` is that user's alone; the rest is everybody's.
"""

import re
from typing import Final

from libs.web.principal import PERSON, Principal
from services.compute.domain.errors import ComputeError
from services.compute.domain.layout import is_plain_path

WINDOW: Final = "openpai"  # the dialect whose jobs may use it: its window says as whom
OUTPUT: Final = "Output"  # the folder whose folders each belong to one user
MAX_CHARS: Final = 4096
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):/(?=/)")
_VARIABLE = re.compile(r"\$PAI_(?:JOB_NAME|USER_NAME|USERNAME)")


class BadSitePath(ComputeError):
    """What cannot name anything in the storage; `reason` is a sentence for whoever wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def filled(text: str, *, root_uri: str, job: str, user: str) -> str:
    """With the variables that a name may hold replaced: of `$PAI_DEFAULT_FS_URI` the first alone, as
    upstream does.
    """
    names = {"$PAI_JOB_NAME": job, "$PAI_USER_NAME": user, "$PAI_USERNAME": user}
    rooted = text.replace("$PAI_DEFAULT_FS_URI", root_uri, 1)
    return _VARIABLE.sub(lambda found: names[found[0]], rooted)


def storage_path(text: str) -> str:
    """Below the root, as `a/b`. Raises BadSitePath."""
    if len(text) > MAX_CHARS:
        raise BadSitePath(f"A path has {MAX_CHARS} characters at most.")
    parts = [part for part in _below(text).split("/") if part not in ("", ".")]
    if ".." in parts:
        raise BadSitePath("A path must not lead out of the storage: it has a `..`.")
    if not parts:
        raise BadSitePath("It names the whole storage: name a folder or a file of it.")
    if not is_plain_path("/".join(parts)):
        raise BadSitePath("A path has no control characters, and no part of more than 255 characters.")
    if parts[0].startswith("."):
        raise BadSitePath("What begins with a dot right below the root belongs to the storage itself.")
    return "/".join(parts)


def is_storage_path(text: str) -> bool:
    """Whether it is a path below the root as `storage_path` gives it."""
    try:
        return storage_path(text) == text
    except BadSitePath:
        return False


def uri_of(path: str, root_uri: str) -> str:
    """The whole name of a path below the root."""
    return f"{root_uri.rstrip('/')}/{path}"


def output_path(user: str, job: str) -> str:
    """Where a job writes that names no other place. Raises BadSitePath for names that no folder may have."""
    if "/" in user or "/" in job or user in (".", "..") or job in (".", ".."):
        raise BadSitePath("The names of user and job must be names of folders.")
    return storage_path(f"{OUTPUT}/{user}/{job}")


def storage_user(principal: Principal) -> str:
    """Under which name somebody uses the storage: people by theirs; wallets and clients by their subjects,
    so that none of them has the name of a person.
    """
    return principal.name if principal.subject.startswith(PERSON) else principal.subject


def may_use(path: str, user: str) -> bool:
    """Whether somebody of that name may read what is at the path, and write there."""
    first, *others = path.split("/")
    return first != OUTPUT or (bool(others) and others[0] == user)


def _below(text: str) -> str:
    """What a URI says besides its host. Upstream's tutorial leaves the host out (`hdfs://path/of/mine`): the
    first part is one when it has a port or a dot, or is `localhost`, and something follows it.
    """
    scheme = _SCHEME.match(text)
    if scheme is None:
        return text
    if scheme[1].lower() != "hdfs":
        raise BadSitePath("Only hdfs:// and relative paths are of the storage.")
    host, _, path = text[scheme.end() + 1 :].partition("/")
    is_host = ":" in host or (bool(path.strip("/")) and ("." in host.strip(".") or host == "localhost"))
    return path if is_host else f"{host}/{path}"
