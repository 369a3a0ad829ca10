"""Unmodified ocean.js releases compute on data that they never see, through the gateway; and nothing tells
where the data lies.
"""

import json
import os
import re
from pathlib import Path

import pytest

from scripts.stack.config import REPO
from tests.stack import Stack, run_node

pytestmark = pytest.mark.clause("ocean 11", "ocean C1.2", "ocean C1.6")

VERSIONS = {
    "3.1.4": 0,
    "3.4.6": 4,
    "4.0.0": 8,
}  # with the number of the publisher's account; the consumer's is next to it
STEPS = (
    *("environments", "publish", "published", "raw", "additional", "older", "priced"),
    *("failure", "stop", "delete", "done"),
)
# Stands in every URL of the assets' files, and nowhere else.
CANARY = "canary-4711"
COUNT = re.compile(r"const COUNT = `\n(.*?)`", re.DOTALL)
JOURNEY = REPO / "tests" / "e2e" / "oceanjs" / "compute.cjs"

Line = dict[str, object]


@pytest.fixture(scope="module")
def journeys(stack: Stack) -> dict[str, list[Line]]:
    """What each release reports; a failed step is a failed test."""
    algorithm = COUNT.search(JOURNEY.read_text())
    assert algorithm is not None
    files = {
        "tides": stack.publish_file(f"{CANARY}-tides.csv", os.urandom(5000).hex().encode()),
        "more": stack.publish_file(f"{CANARY}-more.csv", b"1,2\n" * 300),
        "algorithm": stack.publish_file(f"{CANARY}-count.py", algorithm[1].encode()),
    }
    return {
        version: run_node(
            "compute.cjs",
            stack,
            {"OCEANJS_VERSION": version, "FILES": json.dumps(files), "ACCOUNT": str(account)},
        )
        for version, account in VERSIONS.items()
    }


@pytest.fixture(params=VERSIONS)
def steps(request: pytest.FixtureRequest, journeys: dict[str, list[Line]]) -> dict[str, Line]:
    return {str(line["step"]): line for line in journeys[request.param]}


def test_every_step_is_reached(steps: dict[str, Line]) -> None:
    assert tuple(steps) == STEPS


def test_what_goes_well_says_so(steps: dict[str, Line]) -> None:
    for step in ("published", "raw", "additional", "older", "priced"):
        assert (steps[step]["status"], steps[step]["statusText"]) == (70, "Job finished")


def test_additional_datasets_arrive_with_the_first_one(steps: dict[str, Line]) -> None:
    """Also those that 4.0.0 hands over as one list. 3.1.4 has a parameter for them and sends none."""
    sent = 1 if steps["done"]["version"] == "3.1.4" else 2
    assert [steps[step]["arrived"] for step in ("published", "additional", "older")] == [1, sent, sent]


def test_only_the_priced_environment_costs(steps: dict[str, Line]) -> None:
    assert steps["published"]["fee"] == ["0"]
    assert steps["additional"]["fee"] == ["0", "0"]
    (paid,) = steps["priced"]["fee"]  # type: ignore[misc]
    # 600 seconds, less those that passed before the quote, for 0.1 tokens a minute.
    assert 0.9e18 < int(str(paid)) <= 1e18


def test_what_failed_and_what_was_stopped_can_be_told_apart(steps: dict[str, Line]) -> None:
    assert steps["failure"]["status"] == 41
    assert str(steps["failure"]["statusText"]).startswith("Algorithm failed")
    assert (steps["stop"]["statusText"], steps["stop"]["stopreq"]) == ("Job stopped", 1)


def test_nothing_of_ours_holds_an_address_of_the_data(stack: Stack, journeys: dict[str, list[Line]]) -> None:
    assert CANARY not in json.dumps(journeys)
    held = [path for path in files_below(stack.config.run_dir) if CANARY.encode() in path.read_bytes()]
    # The publisher's own web server, which is no part of the product.
    assert {path.name for path in held} <= {"sample-access.log"}


def files_below(folder: Path) -> list[Path]:
    """Databases, logs, work folders, kept outputs; not the origin's own folder."""
    found = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return [path for path in found if folder / "sample" not in path.parents]
