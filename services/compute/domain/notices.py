"""Who is told when a job or a workflow has ended, and how."""

from dataclasses import dataclass
from enum import StrEnum


class Means(StrEnum):
    EMAIL = "email"  # to the address that the owner's sign-in named, if any
    WEBHOOK = "webhook"  # a signed POST to `url`, past the guard
    CATALOGUE = "catalogue"  # outputs that match `address` are registered below the LFN `url`, if it did well


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Every end counts: well, badly, stopped. `secret` signs a webhook; it is never shown again. `address`
    of the catalogue is a pattern; its `url` ends with `/`, or is the one file's own LFN.
    """

    means: Means
    url: str = ""
    secret: str = ""
    address: str = ""  # of an email
