"""The catalogue's internal routes for logical files (the port LogicalFiles)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from libs.web.internal_client import InternalClient, PeerUnavailable
from services.compute.domain.lfns import FileActor, LogicalFile, LogicalReplica, NewLogicalFile
from services.compute.ports.lfns import CatalogueUnavailable

LOCATE: Final = "/internal/files/locate"
REGISTER: Final = "/internal/files/register"
NAMED: Final = "/internal/files/named"
BATCH: Final = 500


class CatalogueHttp:
    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        found: dict[str, LogicalFile] = {}
        for start in range(0, len(lfns), BATCH):
            asked = {"actor": asdict(actor), "lfns": list(lfns[start : start + BATCH])}
            found.update((file["lfn"], _file(file)) for file in self._asked(LOCATE, asked)["files"])
        return found

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        refused: dict[str, str] = {}
        for start in range(0, len(new), BATCH):
            files = [asdict(each) for each in new[start : start + BATCH]]
            refused.update(self._asked(REGISTER, {"actor": asdict(actor), "files": files})["refused"])
        return {each.lfn: refused.get(each.lfn) for each in new}

    def named(self, guids: Collection[str]) -> Collection[str]:
        return frozenset(self._asked(NAMED, {"guids": sorted(guids)})["guids"]) if guids else frozenset()

    def _asked(self, path: str, body: Mapping[str, Any]) -> Any:
        try:
            reply = self._client.post(path, body)
            if reply.status != 200:
                raise CatalogueUnavailable(f"the catalogue answered {reply.status}")
            return reply.json()
        except PeerUnavailable as error:
            raise CatalogueUnavailable(error.reason) from error


class NoCatalogue:
    """Of an installation without one."""

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        return {}

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        return dict.fromkeys((each.lfn for each in new), "This gateway has no file catalogue.")

    def named(self, guids: Collection[str]) -> Collection[str]:
        return guids


def _file(document: Mapping[str, Any]) -> LogicalFile:
    return LogicalFile(
        lfn=document["lfn"],
        size=document["size"],
        checksum=document["checksum"],
        checksum_type=document["checksum_type"],
        replicas=tuple(LogicalReplica(**replica) for replica in document["replicas"]),
    )
