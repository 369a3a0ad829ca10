"""Which service the gateway brings OpenPAI's paths to, and how they are written there."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from tests.e2e.nginx import gateway_alone

pytestmark = pytest.mark.clause("openpai 1")

USER = "/api/v1/user/Ada_1/jobs"
SHARED = "/openpai/api/v1/jobs"
COMPUTE = {
    "/api": "/api",
    "/API/": "/api",
    "/openpai/api": "/api",
    "/api/v1": "/api/v1",
    "/Api/V1/": "/api/v1",
    "/openpai/api/v1/": "/api/v1",
    "/api/v1/info": "/api/v1/info",
    "/openpai/api/v2/INFO/": "/api/v2/info",
    "/api/Version": "/api/version",
    "/api/v1/Virtual-Clusters": "/api/v1/virtual-clusters",
    "/openpai/api/v1/virtual-clusters/vc1": "/api/v1/virtual-clusters/vc1",
    "/api/job": "/api/job",
    "/API/JOB/": "/api/job",
    "/openpai/api/job": "/api/job",
    "/api/Job/Example.Job-1": "/api/job/Example.Job-1",
    "/api/job/a~b/": "/api/job/a~b",
    "/openpai/api/job/x/LOGS/": "/api/job/x/logs",
    "/api/job/x/logs/PS.x/0": "/api/job/x/logs/PS.x/0",
    "/api/job/x/Logs/w/12/StdOut/": "/api/job/x/logs/w/12/stdout",
    "/api/job/x/logs/w/12/STDERR": "/api/job/x/logs/w/12/stderr",
    "/api/job/x/nothing": "/api/job/x/nothing",
    "/api/v1/User/Ada_1/JOBS/": USER,
    "/openpai/api/v1/user/Ada_1/jobs/X": f"{USER}/X",
    "/api/v1/user/Ada_1/jobs/X/executiontype": f"{USER}/X/executionType",
    "/api/v1/user/Ada_1/jobs/X/CONFIG/": f"{USER}/X/config",
    "/api/v1/user/Ada_1/jobs/X/Ssh": f"{USER}/X/ssh",
    "/api/v1/user/Ada_1/jobs/X/LOGS/w/0/STDOUT": f"{USER}/X/logs/w/0/stdout",
    "/OpenPAI/api/v1/jobs": SHARED,
    "/openpai/API/V1/Jobs/X": f"{SHARED}/X",
    "/openpai/api/v1/jobs/X/EXECUTIONTYPE/": f"{SHARED}/X/executionType",
    "/openpai/api/v1/jobs/X/Config": f"{SHARED}/X/config",
    "/openpai/api/v1/jobs/X/logs/w/0/Stderr": f"{SHARED}/X/logs/w/0/stderr",
    "/openpai/else": "/openpai/else",
    "/api/else": "/api/else",
    "/api/jobs": "/api/jobs",
    "/api/v1/jobs": "/api/v1/jobs",
    "/api/v1/jobs/1/exec": "/api/v1/jobs/1/exec",
}
AUTH = {
    "/openpai/API/auth/": "/api/auth",
    "/api/v1/Token": "/api/v1/token",
    "/api/v1/USER/Ada_1/": "/api/v1/user/Ada_1",
    "/api/v1/user/Ada_1/VIRTUALCLUSTERS/": "/api/v1/user/Ada_1/virtualClusters",
    "/openpai/api/v1/user/Ada_1/githubpat": "/api/v1/user/Ada_1/githubPAT",
}


class _Echo(BaseHTTPRequestHandler):
    """Answers with what it was asked."""

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        told = f"{self.server.server_name} {self.path} ".encode() + body
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what a test asserts is enough."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    servers = {name: ThreadingHTTPServer(("127.0.0.1", 0), _Echo) for name in ("auth", "compute")}
    for name, server in servers.items():
        server.server_name = name
        threading.Thread(target=server.serve_forever, daemon=True).start()
    ports = {name: server.server_address[1] for name, server in servers.items()}
    with gateway_alone(tmp_path_factory.mktemp("gateway"), {}, **ports) as url:
        yield url
    for server in servers.values():
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("path", "service", "there"),
    [(path, "compute", there) for path, there in COMPUTE.items()]
    + [(path, "auth", there) for path, there in AUTH.items()],
)
def test_a_path_in_any_spelling_comes_to_its_service_with_its_body(
    gateway: str, path: str, service: str, there: str
) -> None:
    answer = requests.put(f"{gateway}{path}?a=1", data=b"{}", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.text) == (200, f"{service} {there}?a=1 {{}}")


def test_a_name_cannot_lead_out_of_its_folder(gateway: str) -> None:
    answer = requests.put(f"{gateway}/api/job/..%2f..%2fesc", data=b"{}", timeout=10)
    assert answer.status_code == 404
