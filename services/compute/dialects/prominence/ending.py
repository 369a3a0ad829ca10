"""How jobs and workflows are deleted and put away: one way for both kinds, each in its words."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Response

from libs.web.params import BadParams
from services.compute.dialects.prominence.errors import answer, refusal
from services.compute.dialects.prominence.queries import Query
from services.compute.domain.errors import AlreadyFinished, NotFinished


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`none`: there was nothing to end; `no_ids`: nobody said what; `gone`: it was put away before."""

    none: str
    no_ids: str
    gone: str
    unfinished: str


class Ending:
    """`end` ends the one of a number, and tells whether there was something to end."""

    def __init__(self, end: Callable[[int], bool], words: Words) -> None:
        self._end = end
        self._words = words

    def one(self, number: int) -> Response:
        return answer({}) if self._end(number) else refusal(self._words.none)

    def several(self) -> Response:
        """Those that `?id=` names; well when at least one of them could be ended. Raises BadParams."""
        numbers = Query().ids()
        if not numbers:
            raise BadParams("id", self._words.no_ids)
        ended = [number for number in numbers if self._end(number)]
        return answer({}) if ended else refusal(self._words.none)

    def put_away(self, act: Callable[[], object]) -> Response:
        try:
            act()
        except AlreadyFinished:
            return refusal(self._words.gone)
        except NotFinished:
            return refusal(self._words.unfinished)
        return answer({})
