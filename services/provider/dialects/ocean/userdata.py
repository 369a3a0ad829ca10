"""`userdata` as clients send it: JSON text in a query, an object in a body. Numbers become numbers again.

Parameters keep the literal text of numbers, because messages are signed over it; origins want numbers.
"""

import json
from typing import Any

from libs.web.params import NumberText, Params


def userdata(params: Params) -> object:
    """For domain.userdata.parse_userdata, which judges it."""
    return plain(params.value("userdata"))


def plain(value: Any) -> Any:
    """The same JSON value with numbers in place of their texts."""
    if isinstance(value, NumberText):
        try:
            return json.loads(value)
        except ValueError:  # more digits than Python converts: the text itself is all that is left
            return str(value)
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
