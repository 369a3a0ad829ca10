"""What this gateway says of itself (contract 1, row 25)."""

from collections.abc import Mapping
from typing import Any

from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.version import VERSION


def described(parts: OpenPaiParts | None) -> Mapping[str, Any]:
    """`launcherType` is a word that clients know. `retentionSeconds`: jobs, their logs and what they left are
    kept for so long after their end, wherever they ran.
    """
    about: dict[str, Any] = {
        "name": "PAI RESTful API",
        "version": f"v{VERSION}",
        "launcherType": "yarn",
        "authnMethod": "basic",
    }
    if parts is None:
        return about
    return {**about, "retentionSeconds": int(parts.promised_seconds)}
