"""What is wrong with a work function."""

from typing import Final

INVALID: Final = "WorkFunctionInvalid"
NO_HANDLER: Final = "ENOSLICEHANDLER"
MOST_CHARS: Final = 512 * 1024  # of a source


class WorkFunctionInvalid(Exception):
    """It can never run. Lines and columns count from 1, columns in characters; None where there is none."""

    def __init__(
        self, reason: str, line: int | None = None, column: int | None = None, code: str = INVALID
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line
        self.column = column
        self.code = code
