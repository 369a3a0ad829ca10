"""The few paths that nearly every search filters or sorts by, kept as columns of one narrow table.

The documents are our own projections, so these paths hold one value of a known type, or none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, or_

from services.catalogue.adapters.store_sql import tables as t
from services.catalogue.domain.leaves import MAX_EXACT


@dataclass(frozen=True, slots=True)
class Facet:
    """`kind`: whole (integer), truth (boolean), number or text."""

    column: Column[Any]
    kind: str


FACETS: Mapping[str, Facet] = {
    "chainId": Facet(t.facets.c.chain_id, "whole"),
    "nft.state": Facet(t.facets.c.nft_state, "whole"),
    "purgatory.state": Facet(t.facets.c.in_purgatory, "truth"),
    "nft.created": Facet(t.facets.c.nft_created, "text"),
    "stats.orders": Facet(t.facets.c.orders, "number"),
    "stats.allocated": Facet(t.facets.c.allocated, "number"),
    "stats.price.value": Facet(t.facets.c.price, "number"),
}
_TRUTHS = {"true": True, "false": False}
_WHOLE_LIMIT = 2**63


def facet_row(asset_id: int, did: str, document: Mapping[str, Any]) -> dict[str, Any]:
    values = {facet.column.name: _fitting(facet.kind, _at(document, path)) for path, facet in FACETS.items()}
    return {"asset_id": asset_id, "did": did, **values}


def words_condition(path: str, words: tuple[str, ...]) -> ColumnElement[bool] | None:
    """One of the words is the value at `path`; None when no facet can say."""
    facet = FACETS.get(path)
    if facet is None or facet.kind == "text":
        return None
    values = [value for word in words if (value := _parsed(facet.kind, word)) is not None]
    if facet.kind == "truth":
        return or_(*(facet.column.is_(value) for value in values)) if values else facet.column.in_([])
    return facet.column == values[0] if len(values) == 1 else facet.column.in_(values)


def _parsed(kind: str, word: str) -> Any:
    if kind == "truth":
        return _TRUTHS.get(word)
    try:
        return _fitting(kind, int(word) if kind == "whole" else float(word))
    except (ValueError, OverflowError):
        return None


def _fitting(kind: str, value: Any) -> Any:
    if kind == "truth":
        return value if isinstance(value, bool) else None
    if kind == "text":
        return value if isinstance(value, str) and len(value) <= MAX_EXACT else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if kind == "number":
        return float(value) if abs(value) < 1e300 else None
    return value if isinstance(value, int) and abs(value) < _WHOLE_LIMIT else None


def _at(document: Mapping[str, Any], path: str) -> Any:
    found: Any = document
    for part in path.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found
