"""What a compute job runs: a published algorithm's container, or code that a caller brings along.

Source: contract 1.3, 1.6 and 1.7.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.provider.domain.asset import Asset
from services.provider.domain.compute import ALGORITHM, UseRefused

TYPE = "algorithm"
CONTAINER = "algorithm.container"
DIGEST_PREFIX = "sha256:"
SHORTEST_CODE = 11  # characters; up to here a URL beside it is what counts

_NEEDED = ("entrypoint", "image", "checksum")


@dataclass(frozen=True, slots=True, repr=False)
class RawAlgorithm:
    """Exactly one of `code` and `url` is there."""

    container: Mapping[str, Any]
    code: str | None = None
    url: str | None = None


def is_algorithm(asset: Asset) -> bool:
    return asset.metadata.get("type") == TYPE


def published_container(asset: Asset) -> Mapping[str, Any]:
    """Raises UseRefused."""
    section = asset.metadata.get("algorithm")
    return checked_container(section.get("container") if isinstance(section, Mapping) else None)


def parse_meta(meta: object) -> RawAlgorithm:
    """Of `algorithm.meta`: an object, or the JSON text of one. Raises UseRefused."""
    if isinstance(meta, str):
        meta = _json(meta)
    if not isinstance(meta, Mapping):
        raise UseRefused(ALGORITHM, "meta_oneof_url_rawcode_remote")
    code, url = _text(meta.get("rawcode")), _text(meta.get("url"))
    if code and not (url and len(code) < SHORTEST_CODE):
        return RawAlgorithm(checked_container(meta.get("container")), code=code)
    if not url:
        raise UseRefused(ALGORITHM, "meta_oneof_url_rawcode_remote")
    return RawAlgorithm(checked_container(meta.get("container")), url=url)


def checked_container(section: object) -> Mapping[str, Any]:
    """`{"entrypoint", "image", "tag"?, "checksum"}`, all texts. Raises UseRefused."""
    if not isinstance(section, Mapping) or not all(_text(section.get(name)) for name in _NEEDED):
        raise UseRefused(CONTAINER, "missing_entrypoint_image_checksum")
    if not section["checksum"].startswith(DIGEST_PREFIX):
        raise UseRefused(CONTAINER, "checksum_prefix")
    tag = _text(section.get("tag"))
    return {name: section[name] for name in _NEEDED} | ({"tag": tag} if tag else {})


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
