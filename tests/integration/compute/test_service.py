"""The compute service as a process: it starts, answers and reports itself."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from services.compute.dialects.ocean.switched_off import NOT_ENABLED
from tests.fakes.compute import environ_in
from tests.granian import serving

APP = "services.compute.wsgi:app"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("compute")
    environ = {
        "PROMETHEUS_MULTIPROC_DIR": str(folder / "metrics"),
        "LOG_LEVEL": "WARNING",
        **environ_in(folder),
    }
    with serving(APP, folder, "--workers", "2", "--blocking-threads", "4", environ=environ) as server:
        yield server.url


def test_it_is_ready(base: str) -> None:
    assert requests.get(f"{base}/health/ready", timeout=10).json()["service"] == "compute"


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_compute_is_off_for_every_method_body_or_not(base: str, method: str) -> None:
    for body in (None, {"dataset": {"documentId": "did:op:1"}}):
        answer = requests.request(method, f"{base}//api/services/compute", json=body, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (404, NOT_ENABLED)


def test_requests_are_measured_over_all_workers(base: str) -> None:
    requests.get(f"{base}/tidegate/v1/status", timeout=10)
    text = requests.get(f"{base}/metrics", timeout=10).text
    assert 'route="/tidegate/v1/status",service="compute",status="200"' in text


def test_a_bad_setting_stops_the_start_and_is_named(tmp_path: Path) -> None:
    with (
        pytest.raises(AssertionError, match="LOG_LEVEL must be one of"),
        serving(APP, tmp_path, environ={"LOG_LEVEL": "loud", **environ_in(tmp_path)}),
    ):
        raise RuntimeError("it started")
