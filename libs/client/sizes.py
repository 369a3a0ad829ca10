"""Durations and sizes as people write and read them."""

import re

_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(s|m|h|d)?")
_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def seconds_of(text: str) -> float:
    """`90`, `90s`, `15m`, `2h`, `1d`. Raises ValueError."""
    match = _DURATION.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no duration: write 90, 15m, 2h or 1d")
    return float(match[1]) * _SECONDS[match[2] or "s"]


def shown_size(count: float) -> str:
    for unit in _UNITS:
        if count < 1024 or unit == _UNITS[-1]:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError("the last unit takes all")


def shown_duration(seconds: float) -> str:
    """`4s`, `2m 5s`, `3h 10m`, `2d 4h`."""
    whole = int(seconds)
    for unit, next_unit, size in (("d", "h", 86400), ("h", "m", 3600), ("m", "s", 60)):
        if whole >= size:
            rest = whole % size // {"h": 3600, "m": 60, "s": 1}[next_unit]
            return f"{whole // size}{unit} {rest}{next_unit}"
    return f"{whole}s"
