"""minimum_should_match: `2`, `-1`, `75%`, `-25%`, and conditions such as `2<75%` or `2<-25% 9<-3`."""

import re

from services.catalogue.domain.query.errors import UnsupportedQuery

_SPEC = re.compile(r"(-?\d{1,6})(%?)")
_CONDITION = re.compile(r"(\d{1,6})\s*<\s*(-?\d{1,6}%?)")


def minimum_of(spec: object, optional: int) -> int:
    """How many of `optional` clauses must match, between 0 and `optional`. Raises UnsupportedQuery."""
    if isinstance(spec, bool) or not isinstance(spec, int | str):
        raise UnsupportedQuery("minimum_should_match must be a number or a text.")
    text = str(spec).strip()
    if "<" in text:
        return _conditional(text, optional)
    return _plain(text, optional)


def _conditional(text: str, optional: int) -> int:
    result = optional
    rest = _CONDITION.sub("", text).strip()
    if rest:
        raise UnsupportedQuery("minimum_should_match is malformed.")
    for limit, spec in _CONDITION.findall(text):
        if optional <= int(limit):
            return result
        result = _plain(spec, optional)
    return result


def _plain(text: str, optional: int) -> int:
    found = _SPEC.fullmatch(text)
    if found is None:
        raise UnsupportedQuery("minimum_should_match is malformed.")
    amount = int(found[1])
    if found[2]:
        share = abs(amount) * optional // 100
        amount = share if amount >= 0 else -share
    if amount < 0:
        amount += optional
    return max(0, min(amount, optional))
