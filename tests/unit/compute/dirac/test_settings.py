"""Settings of this window."""

import json
from typing import Any

import pytest

from libs.web.settings import BadSettings
from services.compute.settings import DiracSettings, load_settings
from tests.fakes.compute import ENVIRON


def loaded(**variables: str) -> DiracSettings:
    return load_settings({**ENVIRON, **variables}).dirac


def test_what_is_usual() -> None:
    found = loaded()
    assert (found.sites, found.setup) == ({}, "Production")
    assert (found.sandbox_bytes, found.jobs) == (100 << 20, 1000)


def test_what_an_operator_says() -> None:
    sites = {"small": ["A.x", "B.x"], "large": ["C.x"]}
    found = loaded(
        COMPUTE_DIRAC_SITES=json.dumps(sites),
        COMPUTE_DIRAC_SANDBOX_BYTES="5",
        COMPUTE_DIRAC_JOBS="20",
        DIRAC_SETUPS="Certification,Production",
    )
    assert found.sites == {"small": ("A.x", "B.x"), "large": ("C.x",)}
    assert (found.setup, found.sandbox_bytes, found.jobs) == ("Certification", 5, 20)


@pytest.mark.parametrize(
    "sites", [[], "x", 5, {"small": "A.x"}, {"small": []}, {"small": [1]}, {"small": [" "]}]
)
def test_sites_that_cannot_be_read(sites: Any) -> None:
    with pytest.raises(BadSettings, match="COMPUTE_DIRAC_SITES"):
        loaded(COMPUTE_DIRAC_SITES=json.dumps(sites))


@pytest.mark.parametrize("name", ["COMPUTE_DIRAC_JOBS", "COMPUTE_DIRAC_SANDBOX_BYTES"])
@pytest.mark.parametrize("value", ["0", "-1", "many"])
def test_bounds(name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name):
        loaded(**{name: value})
