"""Lists that come in pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from libs.client.gateway import Gateway

MOST_OF_A_PAGE = 200


def pages(
    gateway: Gateway, path: str, member: str, most: int | None, filters: Mapping[str, str]
) -> Iterator[dict[str, Any]]:
    """The entries that `member` of each page holds, `most` at most; filters that are empty say nothing."""
    left = most
    params: dict[str, str | int] = {name: value for name, value in filters.items() if value}
    while left is None or left > 0:
        params["limit"] = MOST_OF_A_PAGE if left is None else min(MOST_OF_A_PAGE, left)
        page = gateway.json("GET", path, params=params)
        yield from page[member]
        left = None if left is None else left - len(page[member])
        if page.get("next") is None:
            return
        params["cursor"] = page["next"]
