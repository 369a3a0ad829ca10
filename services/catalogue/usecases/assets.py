"""Look up assets: whole documents with their entity tags, metadata alone, names."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from services.catalogue.domain.errors import CatalogueError
from services.catalogue.ports import Catalogue, StoredAsset

MAX_DID = 256
MAX_NAMES = 10_000


class AssetNotFound(CatalogueError):
    """No asset has this DID, or the asset has no such part any more."""

    def __init__(self, did: str) -> None:
        super().__init__("no such asset")
        self.did = did


class TooManyNames(CatalogueError):
    """More names are asked for at once than are given."""


class Assets:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    def etag(self, did: str) -> str:
        """Raises AssetNotFound."""
        etag = self._catalogue.etag(did) if _possible(did) else None
        if etag is None:
            raise AssetNotFound(did)
        return etag

    def find(self, did: str) -> StoredAsset:
        """Raises AssetNotFound."""
        asset = self._catalogue.asset(did) if _possible(did) else None
        if asset is None:
            raise AssetNotFound(did)
        return asset

    def metadata(self, did: str) -> Mapping[str, Any]:
        """Raises AssetNotFound, also for an asset in a state that has none."""
        metadata = json.loads(self.find(did).body).get("metadata")
        if not isinstance(metadata, dict):
            raise AssetNotFound(did)
        return metadata

    def names(self, dids: Sequence[str]) -> dict[str, str]:
        """Every DID with its name, empty for an unknown one; one look-up. Raises TooManyNames."""
        if len(dids) > MAX_NAMES:
            raise TooManyNames
        found = self._catalogue.names([did for did in dict.fromkeys(dids) if _possible(did)])
        return {did: found.get(did, "") for did in dids}


def _possible(did: str) -> bool:
    """Whether it may be asked for at all: printable, of a sane length, no NUL, no half characters."""
    return len(did) <= MAX_DID and did.isprintable()
