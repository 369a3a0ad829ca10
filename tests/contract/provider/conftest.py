"""Clients of the provider's app over fakes."""

import pytest

from tests.fakes.provider_app import Provider


@pytest.fixture
def provider() -> Provider:
    return Provider()
