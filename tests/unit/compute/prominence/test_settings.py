"""Settings of this window."""

import pytest

from libs.web.settings import BadSettings
from services.compute.settings import load_settings
from tests.fakes.compute import ENVIRON


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("", ""),
        ("https://a.example/", "https://a.example"),
        ("http://a.example:8000,https://b.example", "http://a.example:8000"),
    ],
)
def test_links_begin_with_the_canonical_url(given: str, read: str) -> None:
    assert load_settings({**ENVIRON, "PUBLIC_URL": given}).public_url == read


def test_what_is_no_url_is_told_at_the_start() -> None:
    with pytest.raises(BadSettings, match="PUBLIC_URL"):
        load_settings({**ENVIRON, "PUBLIC_URL": "a.example"})


def test_a_failed_exit_is_a_failed_job_unless_the_operator_says_otherwise() -> None:
    assert not load_settings(ENVIRON).prominence.exit_completes
    changed = load_settings({**ENVIRON, "COMPUTE_PROMINENCE_EXIT_COMPLETES": "true"})
    assert changed.prominence.exit_completes
