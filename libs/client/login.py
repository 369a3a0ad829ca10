"""Signing in without a browser at hand (RFC 8628): a code that is entered on any machine."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from libs.client.errors import LoginFailed, Refused
from libs.client.gateway import Gateway
from libs.client.saved import SavedTokens

CLIENT_ID = "tidegate-cli"
SCOPE = "openid profile groups offline_access job:read job:write file:read file:write"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EARLY_SECONDS = 60.0  # a token that ends so soon is renewed before it is used
_SLOWER_SECONDS = 5.0  # RFC 8628 section 3.5


def sign_in(
    gateway: Gateway, show: Callable[[str, str, str], None], pause: Callable[[float], None] = time.sleep
) -> dict[str, Any]:
    """The token answer, with `expires_at`. `show` gets page, code and the page with the code in it.

    Raises LoginFailed when the user says no or never answers.
    """
    started = _post(gateway, "/oauth2/device", {"client_id": CLIENT_ID, "scope": SCOPE})
    show(
        str(started["verification_uri"]),
        str(started["user_code"]),
        str(started.get("verification_uri_complete", started["verification_uri"])),
    )
    interval = float(started.get("interval", 5))
    until = time.monotonic() + float(started["expires_in"])
    form = {"grant_type": DEVICE, "client_id": CLIENT_ID, "device_code": str(started["device_code"])}
    while time.monotonic() < until:
        pause(interval)
        try:
            return _dated(_post(gateway, "/oauth2/token", form))
        except Refused as refusal:
            code = refusal.problem.get("error")
            if code == "slow_down":
                interval += _SLOWER_SECONDS
            elif code == "access_denied":
                raise LoginFailed("The sign-in was refused on the page.") from refusal
            elif code != "authorization_pending":
                raise
    raise LoginFailed("Nobody entered the code in time.")


class RenewedToken:
    """Gives the saved sign-in's access token, renewed when it is about to end; None without a sign-in."""

    def __init__(self, gateway: Gateway, saved: SavedTokens) -> None:
        self._gateway = gateway
        self._saved = saved

    def __call__(self) -> str | None:
        tokens = self._saved.find(self._gateway.url)
        if tokens is not None and _ends_soon(tokens) and tokens.get("refresh_token"):
            tokens = self._renewed()
        return None if tokens is None else str(tokens["access_token"])

    def _renewed(self) -> dict[str, Any] | None:
        with self._saved.locked():
            tokens = self._saved.find(self._gateway.url)
            if tokens is None or not _ends_soon(tokens):
                return tokens  # another command was faster
            form = {
                "grant_type": "refresh_token",
                "client_id": CLIENT_ID,
                "refresh_token": str(tokens["refresh_token"]),
            }
            try:
                fresh = _dated(_post(self._gateway, "/oauth2/token", form))
            except Refused:
                self._saved.put(self._gateway.url, None)
                return None
            self._saved.put(self._gateway.url, {**tokens, **fresh})
            return fresh


def sign_out(gateway: Gateway, saved: SavedTokens) -> bool:
    """End the tokens and forget them; False if nobody was signed in."""
    tokens = saved.find(gateway.url)
    if tokens is None:
        return False
    token = tokens.get("refresh_token") or tokens.get("access_token")
    try:
        _post(gateway, "/oauth2/revoke", {"client_id": CLIENT_ID, "token": str(token)})
    except Refused:
        pass  # it had ended already
    finally:
        saved.put(gateway.url, None)
    return True


def _post(gateway: Gateway, path: str, form: Mapping[str, str]) -> dict[str, Any]:
    with gateway.open("POST", path, data=form) as reply:
        return dict(reply.json()) if reply.content else {}


def _dated(answer: dict[str, Any]) -> dict[str, Any]:
    return {**answer, "expires_at": time.time() + float(answer.get("expires_in", 0))}


def _ends_soon(tokens: Mapping[str, Any]) -> bool:
    return time.time() > float(tokens.get("expires_at", 0)) - EARLY_SECONDS
