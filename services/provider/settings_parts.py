"""Readers for the kinds of values the provider's settings are made of; each problem goes to the Env."""

import json
from collections.abc import Callable
from typing import TypeVar
from urllib.parse import urlsplit

from libs.signing.errors import SigningError
from libs.web.settings import Env

Value = TypeVar("Value")


def by_chain(env: Env, name: str, parse: Callable[[str], Value]) -> dict[int | None, Value]:
    """A plain value (key None) or a JSON object keyed by chain id text; empty when unset.

    Values may be texts or lists of texts (joined by commas). `parse` raises ValueError or SigningError.
    """
    secret = env.optional_secret(name)
    text = secret.reveal() if secret is not None else ""
    if not text:
        return {}
    try:
        return split_by_chain(text, parse)
    except (ValueError, SigningError, AttributeError, TypeError):
        env.problem(f"{name} must be a plain value or a JSON object of values by chain id, each well-formed.")
        return {}


def split_by_chain(text: str, parse: Callable[[str], Value]) -> dict[int | None, Value]:
    """Raises ValueError, SigningError, TypeError, AttributeError for anything malformed."""
    if not text.lstrip().startswith("{"):
        return {None: parse(text.strip())}
    found: dict[int | None, Value] = {}
    for key, value in json.loads(text).items():
        if not (key.isascii() and key.isdigit()) or int(key) == 0:
            raise ValueError("a chain id must be a positive whole number")
        found[int(key)] = parse(",".join(value) if isinstance(value, list) else value.strip())
    if not found:
        raise ValueError("no chain is named")
    return found


def http_url(env: Env, value: str | None, name: str) -> str:
    """An http(s) URL without user name, query or fragment; empty after a problem."""
    if value is None:
        env.problem(f"{name} must be set.")
        return ""
    try:
        parts = urlsplit(value)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        port_is_fine = False
    if not port_is_fine or parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        env.problem(f"{name} must be an http or https URL.")
        return ""
    return value


def http_urls(env: Env, name: str) -> tuple[str, ...]:
    return tuple(url for item in env.list(name) if (url := http_url(env, item, name)))
