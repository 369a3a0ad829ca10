"""`requirements`: what workers must be able to do. What nobody here can is refused (contract 3)."""

from collections.abc import Iterator, Mapping
from typing import Final

from libs.web.strict_json import Json

# Of V8 outside of a browser.
MET: Final = frozenset(
    {"environment.fdlibm", "engine.es7", "engine.v8", "discrete", "useStrict", "sandbox.network.none"}
)
STRICT: Final = "useStrict"
MOST: Final = 64


def needed(given: Json) -> Iterator[str]:
    """Names of what is asked for, as `engine.v8`; what is false or null is not. Raises ValueError."""
    pending: list[tuple[str, Json]] = [("", given)]
    seen = 0
    while pending:
        path, value = pending.pop()
        seen += 1
        if seen > MOST:
            raise ValueError
        if value is None or value is False:
            continue
        if isinstance(value, Mapping):
            pending.extend((f"{path}.{name}" if path else name, member) for name, member in value.items())
        elif isinstance(value, list):
            pending.extend((path, member) for member in value)
        elif value is True:
            yield path
        elif type(value) is str:
            yield f"{path}.{value}" if path else value
        else:
            raise ValueError
