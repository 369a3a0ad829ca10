"""Links and anchors between the README, docs/ and the services' pages lead somewhere."""

import re
from pathlib import Path

import pytest

from scripts.stack.config import REPO

LINK = re.compile(r"(?<!!)\[[^\]\n]+\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
SERVICES = ("auth", "provider", "catalogue", "compute")


def pages() -> list[Path]:
    own = [REPO / "README.md", REPO / "CHANGELOG.md", *(REPO / "docs").rglob("*.md")]
    return sorted([*own, *(REPO / "services").rglob("README.md")])


def anchors(page: Path) -> set[str]:
    """As the usual renderers make them: lower case, punctuation gone, spaces as dashes."""
    text = FENCE.sub("", page.read_text())
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text)}


def links() -> list[tuple[Path, str]]:
    found = []
    for page in pages():
        targets = LINK.findall(FENCE.sub("", page.read_text()))
        found += [(page, target) for target in targets if "://" not in target]
    return found


def test_links_are_found_at_all() -> None:
    assert len(links()) > 10


@pytest.mark.parametrize(
    ("page", "target"), links(), ids=lambda value: value if isinstance(value, str) else value.stem
)
def test_every_link_leads_somewhere(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    goal = (page.parent / path).resolve() if path else page
    assert goal.exists(), f"{page.relative_to(REPO)} links to {target}, which does not exist"
    if anchor:
        assert anchor in anchors(goal), (
            f"{page.relative_to(REPO)} links to {target}, which has no such heading"
        )


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_has_a_page(service: str) -> None:
    assert (REPO / "services" / service / "README.md").is_file()
