"""Sizes as people write them."""

import pytest

from services.compute.domain.sizes import size_of


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0), ("12", 12), ("12B", 12), ("1 kB", 1000), ("1K", 1000), ("1KiB", 1024), ("1.5 GiB", 3 << 29),
        ("2G", 2 * 10**9), ("1Ti", 1 << 40), ("0.5", 0),
        ("", None), ("GiB", None), ("-1", None), ("1 PiB", None), ("1e3", None), ("1,5 G", None),
        ("1  G", None),
        ("1GiB ", None), ("9" * 16, None), ("999999999999999 TiB", None), ("\u0661 G", None),
    ],
)  # fmt: skip
def test_sizes(text: str, size: int | None) -> None:
    assert size_of(text) == size
