"""JSON from strangers that is never deep: fee data off the chain, token headers."""

import json
from typing import Any, Never

_MAX_OPENINGS = 64


def loads_flat(text: str) -> Any:
    """Parse JSON with at most 64 opening brackets, without NaN and Infinity. Raises ValueError.

    The bound does not lean on Python's recursion limit: py_ecc, which comes with web3, raises that
    limit to 100,000 on import, and then 16 KiB of `[` end the process with a segmentation fault.
    """
    if text.count("[") + text.count("{") > _MAX_OPENINGS:
        raise ValueError("too many brackets")
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(name: str) -> Never:
    raise ValueError("not JSON: " + name)
