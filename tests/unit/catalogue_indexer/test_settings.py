"""The indexer's settings: defaults, kinds of chains, every problem at once."""

import pytest

from libs.web.settings import BadSettings
from services.catalogue.indexer_settings import load_indexer_settings
from tests.fakes.indexing import PUBLISHER

SMALLEST = {
    "CATALOGUE_DATABASE_URL": "sqlite:////tmp/x.db",
    "CATALOGUE_PRIVATE_KEY": "0x" + "7" * 64,
    "NETWORK_URL": "http://127.0.0.1:8545",
    "PROVIDER_URL": "http://127.0.0.1:8041",
}


def test_the_smallest_set_is_enough() -> None:
    settings = load_indexer_settings(SMALLEST)
    assert settings.start_block is None
    assert settings.allowed_publishers == frozenset()
    assert settings.health_port == 8047


def test_development_chains_are_polled_fast_and_may_be_set_back() -> None:
    settings = load_indexer_settings(SMALLEST)
    assert settings.poll_of(8996) == 1.0
    assert settings.poll_of(1) == 5.0
    assert settings.rewind_grace_of(8996) < 10 < settings.rewind_grace_of(1)


def test_what_is_set_counts_for_every_chain() -> None:
    settings = load_indexer_settings(
        SMALLEST | {"INDEXER_POLL_SECONDS": "0.5", "INDEXER_REWIND_GRACE_SECONDS": "0"}
    )
    assert settings.poll_of(1) == settings.poll_of(8996) == 0.5
    assert settings.rewind_grace_of(1) == 0


def test_lists_of_addresses_are_compared_in_lower_case() -> None:
    settings = load_indexer_settings(
        SMALLEST | {"ALLOWED_PUBLISHERS": f'["{PUBLISHER}"]', "ALLOWED_VALIDATORS": PUBLISHER}
    )
    assert settings.allowed_publishers == settings.allowed_validators == {PUBLISHER.lower()}


def test_every_problem_is_listed_and_no_value_quoted() -> None:
    broken = {
        "CATALOGUE_PRIVATE_KEY": "hunter2",
        "PROVIDER_URL": "ftp://hunter2",
        "ALLOWED_PUBLISHERS": "hunter2",
        "METADATA_CONTRACT_BLOCK": "hunter2",
        "INDEXER_POLL_SECONDS": "0",
        "LOG_LEVEL": "hunter2",
    }
    with pytest.raises(BadSettings) as raised:
        load_indexer_settings(broken)
    text = str(raised.value)
    for name in (*broken, "CATALOGUE_DATABASE_URL", "NETWORK_URL"):
        assert name in text
    assert "hunter2" not in text
