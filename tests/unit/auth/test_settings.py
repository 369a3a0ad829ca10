import json
from pathlib import Path

import pytest

from libs.web.settings import BadSettings
from services.auth.domain.service_clients import UnknownClient
from services.auth.settings import THIRTY_DAYS, load_settings

SMALLEST = {
    "AUTH_DATABASE_URL": "sqlite:////tmp/auth.db",
    "PUBLIC_URL": "http://gateway.test:8030/, http://second.test",
    "PROVIDER_URL": "http://127.0.0.1:8041/",
    "AUTH_KEY_SECRET": "0123456789abcdef",
    "AUTH_SERVICE_CLIENTS": json.dumps({"provider": "fedcba9876543210"}),
}


def test_smallest_set() -> None:
    settings = load_settings(SMALLEST)
    assert settings.issuer == "http://gateway.test:8030"
    assert settings.provider_url == "http://127.0.0.1:8041"
    assert settings.most_token_seconds == THIRTY_DAYS
    settings.service_clients.check("provider", "fedcba9876543210")


def test_sessions_of_browsers() -> None:
    settings = load_settings(SMALLEST)
    assert (settings.session_seconds, settings.session_idle_seconds) == (12 * 3600, 2 * 3600)
    assert settings.public_urls == ("http://gateway.test:8030/", "http://second.test")
    changed = {"AUTH_SESSION_SECONDS": "600", "AUTH_SESSION_IDLE_SECONDS": "60"}
    settings = load_settings({**SMALLEST, **changed})
    assert (settings.session_seconds, settings.session_idle_seconds) == (600, 60)
    with pytest.raises(BadSettings):
        load_settings({**SMALLEST, "AUTH_SESSION_SECONDS": "5"})


def test_issuer_may_be_named() -> None:
    assert load_settings({**SMALLEST, "AUTH_ISSUER": "https://id.test"}).issuer == "https://id.test"


def test_secrets_from_files(tmp_path: Path) -> None:
    secret, clients = tmp_path / "secret", tmp_path / "clients"
    secret.write_text("0123456789abcdef\n")
    clients.write_text(SMALLEST["AUTH_SERVICE_CLIENTS"])
    environ = {k: v for k, v in SMALLEST.items() if k not in ("AUTH_KEY_SECRET", "AUTH_SERVICE_CLIENTS")}
    settings = load_settings(
        {**environ, "AUTH_KEY_SECRET_FILE": str(secret), "AUTH_SERVICE_CLIENTS_FILE": str(clients)}
    )
    assert settings.key_secret.reveal() == "0123456789abcdef"
    settings.service_clients.check("provider", "fedcba9876543210")


def test_settings_hide_their_secrets() -> None:
    shown = repr(load_settings(SMALLEST))
    assert "0123456789abcdef" not in shown
    assert "fedcba9876543210" not in shown


def test_every_missing_setting_is_named_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings({})
    for name in (
        "AUTH_DATABASE_URL",
        "PUBLIC_URL",
        "PROVIDER_URL",
        "AUTH_KEY_SECRET",
        "AUTH_SERVICE_CLIENTS",
    ):
        assert any(name in problem for problem in caught.value.problems), name


BAD = [
    ("AUTH_KEY_SECRET", "short"),
    ("AUTH_SERVICE_CLIENTS", "["),
    ("AUTH_SERVICE_CLIENTS", "[]"),
    ("AUTH_SERVICE_CLIENTS", '{"provider": 5}'),
    ("AUTH_SERVICE_CLIENTS", '{"provider": "short"}'),
    ("AUTH_SERVICE_CLIENTS", '{"Pro:vider": "fedcba9876543210"}'),
    ("PROVIDER_URL", "127.0.0.1:8041"),
    ("PROVIDER_URL", "ftp://x"),
    ("AUTH_ISSUER", "http://user:secretpass@x"),
    ("MAX_AUTH_TOKEN_SECONDS", "0"),
    ("MAX_AUTH_TOKEN_SECONDS", "x"),
    ("MAX_AUTH_TOKEN_SECONDS", "9" * 30),
    ("AUTH_PEER_TIMEOUT", "nan"),
    ("LOG_LEVEL", "LOUD"),
]


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_value_is_named_and_not_quoted(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings({**SMALLEST, name: value})
    text = " ".join(caught.value.problems)
    assert name in text
    assert "secretpass" not in text
    assert "fedcba9876543210" not in text


def test_clients_of_bad_settings_know_nobody() -> None:
    settings = load_settings({**SMALLEST, "AUTH_SERVICE_CLIENTS": "{}"})
    with pytest.raises(UnknownClient):
        settings.service_clients.check("provider", "fedcba9876543210")
