"""Stamps: how long others may trust what they remember of a principal (docs/decisions/0013)."""

from typing import Final
from zlib import crc32

BUCKETS: Final = 256


def bucket_of(subject: str) -> int:
    """The bucket whose value changes with every security event that touches `subject`."""
    return crc32(subject.encode()) % BUCKETS
