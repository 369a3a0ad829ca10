"""DCP logins with a keystore as dcp-client writes it (scrypt, n = 1024): new ones, and a known one."""

import base64
import json
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from eth_keyfile.keyfile import create_keyfile_json

from scripts.bench.cases import Sample
from scripts.bench.measure import CONNECTIONS, Request

PATH = "/api/v0/identity"
PASSWORD = "myepicpassw0rd"  # noqa: S105 - a toy, as the seed prints it


def cold(_: Sample, __: Path, each: int = 500) -> Iterator[list[Request]]:
    """No header is sent twice, so every one is opened."""
    for _lane in range(CONNECTIONS):
        one = keystore()
        yield [_login({**one, "timestamp": number}) for number in range(each)]


def cached(_: Sample, __: Path) -> Iterator[list[Request]]:
    return ([_login(keystore())] for _lane in range(CONNECTIONS))


def keystore() -> dict[str, Any]:
    made: dict[str, Any] = create_keyfile_json(
        secrets.token_bytes(32), PASSWORD.encode(), kdf="scrypt", iterations=1024
    )
    return made


def _login(made: dict[str, Any]) -> Request:
    text = f"{json.dumps(made)}:{PASSWORD}"
    return Request(PATH, authorization="Basic " + base64.b64encode(text.encode()).decode())
