"""Settings about OpenPAI's users: the virtual clusters there are, and what a failed sign-in tells."""

import re
from typing import Final

from libs.web.settings import Env
from services.auth.domain.openpai import DEFAULT_CLUSTER, OpenPaiSite

CLUSTERS: Final = "OPENPAI_VIRTUAL_CLUSTERS"  # compute reads the same: here the names alone count
_NAME = re.compile(r"[A-Za-z0-9_]{1,64}")


def read_openpai(env: Env) -> OpenPaiSite:
    """Problems are collected in `env`."""
    found = env.json(CLUSTERS, {})
    if not isinstance(found, dict) or not all(map(_NAME.fullmatch, found)):
        env.problem(
            f"{CLUSTERS} must be a JSON object whose names have up to 64 letters, digits and underscores."
        )
        found = {}
    return OpenPaiSite(
        clusters=frozenset({DEFAULT_CLUSTER, *found}), reveals_users=env.bool("OPENPAI_REVEAL_USERS")
    )
