"""Bounds and money of DCP jobs, on a stack whose operator has set them tight."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.e2e.dcp_line import Owner, owner
from tests.stack import Stack, running

DOUBLE = "(x) => x * 2"
SETTINGS = {
    "COMPUTE_DCP_ANY_ACCOUNT": "off",
    "COMPUTE_DCP_SLICE_CPU_SECONDS": "2",
    "COMPUTE_DCP_SLICE_SECONDS": "6",
    "COMPUTE_DCP_SLICE_MEMORY_BYTES": str(128 << 20),
    "COMPUTE_DCP_PRICE": "1",
    "COMPUTE_DCP_OPENING_BALANCE": "20",
}


@pytest.fixture(scope="module")
def tight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running(tmp_path_factory.mktemp("tight"), SETTINGS) as started:
        yield started
        started.assert_all_was_known()


def balance(own: Owner, name: str = "default") -> Decimal:
    (found,) = [account for account in own.did("GET", "/accounts") if account["name"] == name]
    return Decimal(found["balance"])


@pytest.mark.clause("dcp 3.2")
def test_nobody_pays_from_an_account_that_is_not_theirs(tight: Stack, tmp_path: Path) -> None:
    own, other = owner(tight, tmp_path / "own"), owner(tight, tmp_path / "other")
    for address in ("94E619279C5780fF20ECe07fAA719e3D66111A88", other.address):
        body = {
            "slices": [1],
            "work": {"language": "js", "function": DOUBLE},
            "account": {"address": address},
        }
        refused = own.ask("POST", "/job", json=body)
        assert refused.status_code == 403, refused.text
        assert refused.json()["error"].startswith("Cannot find a matching payment account with identity 0x")
    assert balance(own) == balance(other) == 20


@pytest.mark.clause("dcp 6")
def test_slices_are_paid_for(tight: Stack, tmp_path: Path) -> None:
    own = owner(tight, tmp_path)
    assert balance(own) == 20
    job = own.deploy(DOUBLE, {"start": 1, "end": 8})
    assert balance(own) == 12  # what the job may spend is set aside
    own.results(job)
    more = own.ask("POST", f"{job}/slices", json={"slices": {"start": 1, "end": 13}})
    assert (more.status_code, more.json()["code"]) == (402, "ENOFUNDS")
    assert Decimal(more.json()["available"]) == 12
    assert own.did("GET", job)["totalSlices"] == 8  # nothing of it was taken
    refused = own.ask(
        "POST",
        "/job",
        json={
            "slices": {"start": 1, "end": 13},
            "work": {"language": "js", "function": DOUBLE},
            "account": {"name": "default"},
        },
    )
    assert (refused.status_code, refused.json()["code"]) == (402, "ENOFUNDS")
    waiting = own.deploy("(x) => { for (;;); }", [1, 2])
    assert balance(own) == 10
    own.ask("DELETE", waiting)
    # What nobody computed comes back; a slice that failed is not paid either.
    assert balance(own) >= 11
    own.did("POST", f"{job}/close")
    assert balance(own) >= 11


@pytest.mark.clause("dcp 4.5", "dcp 5.5")
@pytest.mark.parametrize(
    ("language", "function"),
    [
        ("js", "(x) => { for (; x === 2;); return x }"),
        ("python", "def f(x):\n    while x == 2:\n        pass\n    return x\n"),
    ],
    ids=["js", "python"],
)
def test_a_slice_that_never_ends(tight: Stack, tmp_path: Path, language: str, function: str) -> None:
    """It is ended, the others are computed, and the machine is free again."""
    own = owner(tight, tmp_path)
    answer = own.results(own.deploy(function, [1, 2, 3], language))
    assert [row["value"] for row in answer["results"]] == [1, 3]
    assert [(error["sliceNumber"], error["code"]) for error in answer["errors"]] == [(2, "ESLICETOOSLOW")]
    assert own.computed(DOUBLE, [1]) == [2]


@pytest.mark.clause("dcp 4.5", "dcp 5.5")
@pytest.mark.parametrize(
    ("language", "function"),
    [
        ("js", "(x, held = []) => { while (x === 2) { held.push(new Array(1e6).fill(x)) } return x }"),
        ("python", "def f(x, held=[]):\n    while x == 2: held.append(bytes(10 ** 7))\n    return x\n"),
    ],
    ids=["js", "python"],
)  # fmt: skip
def test_a_slice_that_wants_all_memory(tight: Stack, tmp_path: Path, language: str, function: str) -> None:
    own = owner(tight, tmp_path)
    answer = own.results(own.deploy(function, [1, 2, 3], language))
    assert [row["value"] for row in answer["results"]] == [1, 3]
    assert [(error["sliceNumber"], error["code"]) for error in answer["errors"]] == [(2, "EMEMORY")]
