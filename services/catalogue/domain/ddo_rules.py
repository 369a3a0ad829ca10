"""Checks a DDO: shapes by version, then what no shape can say. Pure; microseconds, not milliseconds.

Each message stands at the path of the very value it speaks of. Source: contract 2.3.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from libs.signing.errors import SigningError
from libs.signing.keys import checksum, did_for
from services.catalogue.domain.ddo_shapes import VERSIONS, Field, Object, Plain, Text, ddo_shape

MAX_ERRORS = 100
MISSING = "is required"


def problems_of(
    document: Mapping[str, Any], *, chain_id: int | None = None, nft_address: str | None = None
) -> dict[str, str]:
    """Everything wrong with a DDO by path; empty when it is good.

    `chain_id` and `nft_address`, when given, are where it was published; otherwise its own words count.
    """
    version = document.get("version")
    if not isinstance(version, str) or version not in VERSIONS:
        return {"version": f"must be one of {', '.join(VERSIONS)}"}
    problems: dict[str, str] = {}
    for path, message in _object(document, ddo_shape(version), ""):
        problems.setdefault(path, message)
        if len(problems) >= MAX_ERRORS:
            break
    problems.update(_dates(document.get("metadata")))
    problems.update(_identity(document, chain_id, nft_address))
    return problems


def _object(value: Mapping[str, Any], shape: Object, path: str) -> Iterator[tuple[str, str]]:
    prefix = f"{path}." if path else ""
    for name, field in shape.fields.items():
        member = value.get(name)
        where = prefix + name
        if member is None:
            if field.required:
                yield where, _missing(where)
        elif field.many:
            yield from _many(member, field, where)
        else:
            yield from _one(member, field.shape, where)


def _missing(path: str) -> str:
    if path == "@context":
        return "Context is missing or invalid."
    if path == "metadata":
        return "Metadata is missing or invalid."
    return MISSING


def _many(value: Any, field: Field, path: str) -> Iterator[tuple[str, str]]:
    items = [value] if isinstance(field.shape, Text) and isinstance(value, str) else value
    if not isinstance(items, list):
        yield path, "must be a list"
        return
    skipping = isinstance(field.shape, Text)
    present = [item for item in items if not skipping or item is not None]
    if len(present) < field.least:
        yield path, f"must have at least {field.least}"
    if field.most is not None and len(present) > field.most:
        yield path, f"must have at most {field.most}"
        return
    for number, item in enumerate(items):
        if not skipping or item is not None:
            yield from _one(item, field.shape, f"{path}[{number}]")


def _one(value: Any, shape: Text | Plain | Object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(shape, Object):
        if isinstance(value, Mapping):
            yield from _object(value, shape, path)
        else:
            yield path, "must be an object"
        return
    message = _text(value, shape) if isinstance(shape, Text) else _plain(value, shape, path)
    if message:
        yield path, message


def _text(value: Any, shape: Text) -> str | None:
    if not isinstance(value, str):
        return "must be a text"
    if not shape.lines and "\n" in value.removesuffix("\n"):
        return "must be a single line"
    if not value.startswith(shape.start):
        return f"must start with {shape.start}"
    if len(value) < shape.least:
        return f"must have at least {shape.least} characters"
    if shape.most is not None and len(value) > shape.most:
        return f"must have at most {shape.most} characters"
    return None


def _plain(value: Any, shape: Plain, path: str) -> str | None:
    if shape.kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
        return "must be an integer"
    if shape.kind == "boolean" and not isinstance(value, bool):
        return "must be true or false"
    if shape.kind == "context" and not isinstance(value, list | dict):
        return _missing(path)
    return None


def _dates(metadata: Any) -> dict[str, str]:
    if not isinstance(metadata, Mapping):
        return {}
    return {
        f"metadata.{name}": f"{name} is not in iso format."
        for name in ("created", "updated")
        if name in metadata and not _is_iso(metadata[name])
    }


def _is_iso(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        datetime.fromisoformat(value.rstrip("Z"))
    except ValueError:
        return False
    return True


def _identity(document: Mapping[str, Any], chain_id: int | None, nft_address: str | None) -> dict[str, str]:
    own_chain, own_nft = document.get("chainId"), document.get("nftAddress")
    problems: dict[str, str] = {}
    if isinstance(own_chain, bool) or not isinstance(own_chain, int) or own_chain <= 0:
        problems["chainId"] = "chainId is missing or invalid."
    elif chain_id is not None and own_chain != chain_id:
        problems["chainId"] = "chainId is not the chain it was published on."
    nft = _checksummed(own_nft)
    if nft is None:
        problems["nftAddress"] = "nftAddress is missing or invalid."
    elif nft_address is not None and nft != _checksummed(nft_address):
        problems["nftAddress"] = "nftAddress is not the NFT that carries it."
    if not problems and document.get("id") != did_for(str(nft), int(own_chain)):  # type: ignore[arg-type]
        problems["id"] = "did is not valid for chain Id and nft address"
    return problems


def _checksummed(address: Any) -> str | None:
    try:
        return checksum(address) if isinstance(address, str) else None
    except SigningError:
        return None
