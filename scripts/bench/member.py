"""A person in a group of a virtual organisation, as an operator makes one, and their token."""

import io
import json
import secrets
import urllib.request
from typing import Final

from scripts.stack.config import StackConfig
from scripts.stack.services import environment
from services.auth import admin

NAME: Final = "bench"  # the person's and the group's
SECONDS: Final = 3600


def member_token(config: StackConfig, vo: str) -> str:
    """The group is the person's only one: the token stands for it without naming it."""
    password = secrets.token_urlsafe()
    _administer(config, "create", NAME, "--stdin", given=password)
    _administer(config, "put-group", NAME, "--vo", vo, "--property", "NormalUser")
    _administer(config, "set-groups", NAME, NAME)
    body = json.dumps({"username": NAME, "password": password, "expiration": SECONDS}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{config.gateway_url}/api/auth", body, headers)
    with urllib.request.urlopen(request, timeout=30) as reply:
        token: str = json.load(reply)["token"]
    return token


def _administer(config: StackConfig, *words: str, given: str = "") -> None:
    if admin.main(words, environment(config, "auth"), io.StringIO(f"{given}\n"), io.StringIO()) != 0:
        raise RuntimeError(f"tidegate-admin {words[0]} was refused")
