"""The edge kit under granian with several workers: metrics that add up, bodies, log lines, readiness."""

import http.client
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.fixtures_postgres import PostgresServer
from tests.granian import Granian, serving
from tests.waiting import wait_for

APP = "tests.integration.web.trial:app"
ONE = ("--workers", "1", "--blocking-threads", "4")
TWO = ("--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers")


def total(base: str, route: str) -> float:
    text = requests.get(f"{base}/metrics", timeout=10).text
    found = re.findall(rf'http_request_seconds_count{{[^}}]*route="{route}"[^}}]*}} (\S+)', text)
    return sum(map(float, found))


def ask_until(base: str, enough: int, seen: set[int]) -> int:
    """Ask over fresh connections until `enough` workers answered; the number of requests it took."""
    asked = 0

    def another() -> bool:
        nonlocal asked
        answer = requests.get(f"{base}/pid", timeout=10)
        asked += 1
        seen.add(int(answer.text))
        return len(seen) >= enough

    wait_for(another, f"{enough} workers to answer")
    return asked


def test_metrics_of_two_workers_add_up_and_survive_the_death_of_one(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics"
    environ = {"TRIAL": "1", "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    with serving(APP, tmp_path, *TWO, environ=environ) as server:
        base = server.url
        seen: set[int] = set()
        asked = ask_until(base, 2, seen)
        assert {total(base, "/pid") for _ in range(10)} == {float(asked)}

        victim = min(seen)
        os.kill(victim, signal.SIGKILL)
        wait_for(lambda: not Path(f"/proc/{victim}").exists(), "the worker to be gone")
        asked += ask_until(base, 3, seen)
        wait_for(lambda: total(base, "/pid") == float(asked), "the dead worker's requests to be counted")
        assert not list(metrics.glob(f"*_{victim}.db"))
        assert (metrics / "histogram_archive.db").exists()


def test_counters_go_on_after_a_restart_and_files_do_not_pile_up(tmp_path: Path) -> None:
    metrics = tmp_path / "metrics"
    environ = {"TRIAL": "1", "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    for started in (1, 2, 3):
        with serving(APP, tmp_path, *ONE, environ=environ) as server:
            requests.get(f"{server.url}/pid", timeout=10)
            assert total(server.url, "/pid") == started
            assert len(list(metrics.glob("histogram_*.db"))) <= 2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Granian]:
    with serving(APP, tmp_path_factory.mktemp("granian"), *ONE, environ={"TRIAL": "1"}) as running:
        yield running


@pytest.fixture
def base(server: Granian) -> str:
    return server.url


def test_bodies_arrive_by_every_method_with_and_without_a_length(base: str) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        for data in (b'{"a": 1.50}', iter([b'{"a":', b" 1.50}"])):
            answer = requests.request(
                method,
                f"{base}/echo?b=%C3%A9",
                data=data,
                headers={"Content-Type": "application/json"},
                timeout=10,
            )
            assert answer.text == '{"a":1.50,"b":"\\u00e9"}'


@pytest.mark.parametrize("path", ["/echo", "/length"])
def test_a_body_without_a_length_is_refused_beyond_the_limit_not_cut(base: str, path: str) -> None:
    headers = {"Content-Type": "application/json"}
    at_limit = requests.post(f"{base}/length", data=iter([b"x" * 500, b"x" * 500]), timeout=10)
    assert at_limit.text == "1000"
    answer = requests.post(f"{base}{path}", data=iter([b"x" * 500, b"x" * 501]), headers=headers, timeout=10)
    assert answer.status_code == 413


def test_hostile_queries_are_the_callers_mistake(base: str) -> None:
    for query in ("a=%00", "a=%ff", "a=1&a=2", "%ff=1", "a=" + "x" * 20_000):
        assert requests.get(f"{base}/echo?{query}", timeout=10).status_code in (400, 413)


def test_log_lines_of_real_requests_are_json_and_hold_no_query(server: Granian) -> None:
    headers = {"X-Request-Id": "trial-request-1"}
    requests.get(f"{server.url}/stream?signature=hunter2", headers=headers, timeout=10)

    def lines() -> list[dict[str, object]]:
        return [line for line in server.log_lines() if line.get("request_id") == "trial-request-1"]

    wait_for(lambda: len(lines()) == 1, "the access line")
    assert (lines()[0]["route"], lines()[0]["bytes"], lines()[0]["status"]) == ("/stream", 50_000, 200)
    assert "hunter2" not in server.log_text()


def test_ready_follows_the_database_and_live_does_not(tmp_path: Path) -> None:
    database = PostgresServer.create()
    try:
        environ = {"TRIAL": "1", "TRIAL_DATABASE_URL": database.new_database()}
        with serving(APP, tmp_path, *ONE, environ=environ) as server:
            url = server.url
            assert requests.get(f"{url}/health/ready", timeout=10).json()["checks"] == {"database": "ok"}
            database.stop()
            answer = requests.get(f"{url}/health/ready", timeout=10)
            assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "failed"})
            assert requests.get(f"{url}/health/live", timeout=10).status_code == 200
            database.start()
            wait_for(lambda: requests.get(f"{url}/health/ready", timeout=10).ok, "readiness to return")
    finally:
        database.remove()


@pytest.mark.parametrize("size", [60_000, 1_000_000, 20_000_000])
def test_a_body_that_nobody_reads_costs_no_later_request_its_connection(base: str, size: int) -> None:
    address = urlsplit(base)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=20)
    for path in ("/nowhere", "/health/live", "/nowhere"):
        connection.request("POST", path, b"x" * size)
        reply = connection.getresponse()
        assert reply.status in (404, 405)
        reply.read()
        socket_kept = connection.sock
        connection.request("GET", "/health/live")
        assert connection.getresponse().read()
        assert connection.sock is socket_kept is not None
    connection.close()
