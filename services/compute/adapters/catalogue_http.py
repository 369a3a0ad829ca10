"""The catalogue's internal routes for logical files (the port LogicalFiles)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final, TypeVar

from libs.web.internal_client import InternalClient, PeerUnavailable
from services.compute.domain.lfns import FileActor, LogicalFile, LogicalReplica, NewLogicalFile
from services.compute.ports.lfns import CatalogueUnavailable

Thing = TypeVar("Thing")
LOCATE: Final = "/internal/files/locate"
REFUSALS: Final = "/internal/files/refusals"
REGISTER: Final = "/internal/files/register"
NAMED: Final = "/internal/files/named"
BATCH: Final = 500


class CatalogueHttp:
    def __init__(self, client: InternalClient) -> None:
        self._client = client

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        found: dict[str, LogicalFile] = {}
        for batch in _batches(lfns):
            asked = {"actor": asdict(actor), "lfns": list(batch)}
            found.update((file["lfn"], _file(file)) for file in self._asked(LOCATE, asked, "files"))
        return found

    def refusals(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str]:
        return self._refused(REFUSALS, new, actor)

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        refused = self._refused(REGISTER, new, actor)
        return {each.lfn: refused.get(each.lfn) for each in new}

    def named(self, guids: Collection[str]) -> Collection[str]:
        found: set[str] = set()
        for batch in _batches(sorted(guids)):
            found.update(self._asked(NAMED, {"guids": batch}, "guids"))
        return found

    def _refused(self, path: str, new: Sequence[NewLogicalFile], actor: FileActor) -> dict[str, str]:
        refused: dict[str, str] = {}
        for batch in _batches(new):
            asked = {"actor": asdict(actor), "files": [asdict(each) for each in batch]}
            refused.update(self._asked(path, asked, "refused"))
        return refused

    def _asked(self, path: str, body: Mapping[str, Any], member: str) -> Any:
        """That member of the answer."""
        try:
            reply = self._client.post(path, body)
            if reply.status != 200:
                raise CatalogueUnavailable(f"the catalogue answered {reply.status}")
            return reply.json()[member]
        except PeerUnavailable as error:
            raise CatalogueUnavailable(error.reason) from error
        except (KeyError, TypeError) as error:
            raise CatalogueUnavailable("the catalogue's answer is malformed") from error


class NoCatalogue:
    """Of an installation without one."""

    def locate(self, lfns: Sequence[str], actor: FileActor) -> Mapping[str, LogicalFile]:
        return {}

    def refusals(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str]:
        return dict.fromkeys((each.lfn for each in new), "This gateway has no file catalogue.")

    def register(self, new: Sequence[NewLogicalFile], actor: FileActor) -> Mapping[str, str | None]:
        return {**self.refusals(new, actor)}

    def named(self, guids: Collection[str]) -> Collection[str]:
        return guids


def _batches(things: Sequence[Thing]) -> Iterator[Sequence[Thing]]:
    for start in range(0, len(things), BATCH):
        yield things[start : start + BATCH]


def _file(document: Mapping[str, Any]) -> LogicalFile:
    return LogicalFile(
        lfn=document["lfn"],
        size=document["size"],
        checksum=document["checksum"],
        checksum_type=document["checksum_type"],
        replicas=tuple(LogicalReplica(**replica) for replica in document["replicas"]),
    )
