"""A query that came in a header stands where everybody looks for it; nothing else changes."""

from collections.abc import Iterable
from typing import Any

import pytest

from libs.web.raw_query import RawQuery


def seen(**environ: str) -> str:
    found: list[str] = []

    def inner(given: dict[str, Any], start: Any) -> Iterable[bytes]:
        found.append(given["QUERY_STRING"])
        return ()

    RawQuery(inner)({"QUERY_STRING": "", **environ}, lambda *_: lambda _: None)
    return found[0]


def test_the_header_is_the_query() -> None:
    assert seen(HTTP_X_TIDEGATE_QUERY="energy=>=|100") == "energy=>=|100"


@pytest.mark.parametrize("environ", [{}, {"HTTP_X_TIDEGATE_QUERY": ""}])
def test_without_a_header_the_query_stays(environ: dict[str, str]) -> None:
    assert seen(QUERY_STRING="a=1", **environ) == "a=1"
