"""Who is told when a job or a workflow has ended, and how."""

from dataclasses import dataclass
from enum import StrEnum


class Means(StrEnum):
    EMAIL = "email"  # to the address that the owner's sign-in named, if any
    WEBHOOK = "webhook"  # a signed POST to `url`, past the guard


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Every end counts: well, badly, stopped. `secret` signs a webhook; it is never shown again."""

    means: Means
    url: str = ""
    secret: str = ""
    address: str = ""  # of an email
