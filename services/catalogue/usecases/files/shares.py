"""A token that lets whoever shows it read one file. Only its hash is kept."""

import secrets
from hashlib import sha256
from typing import Final

from services.catalogue.domain.files.entries import Actor, File
from services.catalogue.domain.files.lfn import parent_of, parse_lfn
from services.catalogue.file_ports import FileTree
from services.catalogue.ports import Clock
from services.catalogue.usecases.files.rights import Rights
from services.catalogue.usecases.files.visibility import shown

TOKEN_BYTES: Final = 32


class Shares:
    def __init__(self, tree: FileTree, rights: Rights, clock: Clock) -> None:
        self._tree, self._rights, self._clock = tree, rights, clock

    def share(self, actor: Actor, lfn: str) -> str:
        """A new token; whoever may write to the file's directory gives it away. Raises NotThere,
        NotPermitted, InvalidPath.
        """
        where = parse_lfn(lfn)
        self._rights.write(actor, parent_of(where))
        self._rights.read(actor, where)
        shown(self._tree.file(where), all_statuses=False)
        token = secrets.token_urlsafe(TOKEN_BYTES)
        self._tree.share(where, _hash(token), actor.name, self._clock.now())
        return token

    def end(self, actor: Actor, lfn: str) -> int:
        """How many tokens are good for nothing now. Raises NotThere, NotPermitted, InvalidPath."""
        where = parse_lfn(lfn)
        self._rights.write(actor, parent_of(where))
        return self._tree.end_shares(where)

    def shared(self, token: str) -> File:
        """With its replicas of good status. Raises NotThere."""
        return shown(self._tree.shared(_hash(token)), all_statuses=False)


def _hash(token: str) -> str:
    return sha256(token.encode(errors="replace")).hexdigest()
