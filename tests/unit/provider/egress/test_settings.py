"""The egress process says everything that is wrong with its settings, and never a value."""

import pytest

from libs.web.settings import BadSettings
from services.provider.egress.settings import load_settings

KEY = "0123456789abcdef"


def test_defaults() -> None:
    settings = load_settings({"EGRESS_KEY": KEY})
    assert (settings.bind, settings.workers, settings.threads) == ("127.0.0.1:8045", 1, 128)
    assert (settings.request_timeout_seconds, settings.request_retries) == (10.0, 1)
    assert not settings.allow_non_public_ip
    assert KEY not in repr(settings)


def test_every_problem_at_once() -> None:
    environ = {
        "EGRESS_KEY": "short",
        "EGRESS_THREADS": "0",
        "REQUEST_TIMEOUT": "x",
        "FETCH_ALLOW": "nonsense",
    }
    with pytest.raises(BadSettings) as caught:
        load_settings(environ)
    text = str(caught.value)
    assert all(name in text for name in ("EGRESS_THREADS", "REQUEST_TIMEOUT", "FETCH_ALLOW"))
    assert "short" not in text


@pytest.mark.parametrize("key", [None, "", "short"])
def test_a_key_is_required(key: str | None) -> None:
    with pytest.raises(BadSettings, match="EGRESS_KEY"):
        load_settings({} if key is None else {"EGRESS_KEY": key})


def test_allow_list() -> None:
    settings = load_settings(
        {"EGRESS_KEY": KEY, "FETCH_ALLOW": "a.test:1, b.test:2", "ALLOW_NON_PUBLIC_IP": "1"}
    )
    assert settings.fetch_allow == "a.test:1,b.test:2"
    assert settings.allow_non_public_ip
