"""Regular expressions of callers, in time that grows with the text alone: RE2 does not go back.

google-re2 is kept by RE2's own people; the standard library's `re` can be made to think for years.
"""

from collections.abc import Iterable
from typing import Final

import re2

MOST_CHARACTERS: Final = 255
_MOST_BYTES: Final = 1 << 20  # of what an expression becomes; `(x{1000}){1000}` is refused


class BadPattern(ValueError):
    """The sentence says what is wrong."""


class Pattern:
    """Finds somewhere in a text, as databases' regular expressions do. Raises BadPattern."""

    def __init__(self, text: str) -> None:
        if len(text) > MOST_CHARACTERS:
            raise BadPattern(f"A regular expression has {MOST_CHARACTERS} characters at most.")
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _MOST_BYTES
        try:
            self._compiled = re2.compile(text, options)
        except (re2.error, UnicodeError):
            raise BadPattern("This is no regular expression (RE2's syntax, without references).") from None

    def fitting(self, texts: Iterable[str]) -> list[str]:
        return [text for text in texts if self._compiled.search(text) is not None]
