"""What a browser sees when the gateway has nobody to ask: a page, with the headers of a page."""

from pathlib import Path

import pytest
import requests

from tests.e2e.nginx import gateway_alone

PAGES = ("/login", "/login/wallet", "/logout", "/oauth2/auth", "/device", "/account", "/pages/style.css")


def check(answer: requests.Response, status: int, text: str) -> None:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "text/html"
    assert f"<h1>{text}</h1>" in answer.text
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; frame-ancestors 'none'")
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("path", PAGES)
def test_a_service_that_is_away_is_told_as_a_page(tmp_path: Path, path: str) -> None:
    with gateway_alone(tmp_path, {}) as url:
        answer = requests.get(url + path + "?state=secret", timeout=30)
        check(answer, 503, "Not now")
        assert answer.headers["Retry-After"] == "2"
        check(requests.post(url + path, data=b"x" * 2_000_000, timeout=30), 413, "That is too much")


def test_too_many_requests_are_told_as_a_page(tmp_path: Path) -> None:
    with gateway_alone(tmp_path, {"GATEWAY_RATE": "1r/m", "GATEWAY_BURST": "1"}) as url:
        answers = [requests.get(url + path, timeout=30) for path in PAGES]
        for answer in answers[-4:]:
            check(answer, 429, "Slow down")
