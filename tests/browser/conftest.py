"""One running stack, and a browser for each test. No page may make the console complain."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.application import Application, application
from tests.browser.chromium import Chromium, chromium
from tests.stack import Stack, running


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("stack")) as started:
        yield started
        for log in sorted((started.config.run_dir / "logs").iterdir()):
            text = log.read_text(errors="replace")
            assert "uncaught exception" not in text, f"{log.name}\n{text[text.index('uncaught') :][:3000]}"


@pytest.fixture
def app(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Application]:
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    with application(stack.gateway) as started:
        yield started


@pytest.fixture
def browser(stack: Stack, tmp_path: Path) -> Iterator[Chromium]:
    with chromium(stack.gateway, tmp_path) as started:
        yield started
        started.listen()
        assert started.complaints == []


@pytest.fixture
def plain_browser(stack: Stack, tmp_path: Path) -> Iterator[Chromium]:
    """Runs no scripts at all."""
    with chromium(stack.gateway, tmp_path, scripts=False) as started:
        yield started
        started.listen()
        assert started.complaints == []


@pytest.fixture(scope="session")
def pictures() -> Path | None:
    """Where screenshots go when TIDEGATE_PICTURES says so; for people who change how pages look."""
    folder = os.environ.get("TIDEGATE_PICTURES")
    if folder is None:
        return None
    Path(folder).mkdir(parents=True, exist_ok=True)
    return Path(folder)
