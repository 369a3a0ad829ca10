"""The pages over fakes."""

import pytest

from tests.fakes.auth_pages import Browser, Site


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def browser(site: Site) -> Browser:
    return site.browser()
