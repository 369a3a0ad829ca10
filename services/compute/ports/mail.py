"""Letters to people."""

from typing import Protocol


class MailRefused(Exception):
    """It will not be sent; the sentence says why and names nobody."""


class MailUnavailable(Exception):
    """It cannot be sent now."""


class Mail(Protocol):
    """All raise MailRefused, MailUnavailable."""

    def address_of(self, owner: str) -> str:
        """Where a principal's subject is written to."""

    def send(self, address: str, subject: str, text: str) -> None: ...
