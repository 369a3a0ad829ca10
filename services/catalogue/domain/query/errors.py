"""The one way a query is refused."""

from services.catalogue.domain.errors import CatalogueError

SUPPORTED = (
    "Supported: from, size, sort, query and aggs; the queries bool, term, terms, match, match_phrase, "
    "multi_match, match_all, match_none, query_string, range, exists, ids, prefix, wildcard and "
    "constant_score; the aggregations terms (with metrics inside), sum, min, max, avg and value_count."
)


class UnsupportedQuery(CatalogueError):
    """The query is malformed, too large, or not on offer. `reason` is for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def shown(name: object) -> str:
    """A name out of a query as it may be quoted in an answer."""
    text = str(name)
    return text if len(text) <= 64 and text.isprintable() else "(unreadable)"
