"""A gateway that runs no jobs."""

from flask import Flask

from libs.web import edge
from libs.web.gate import Gate, install_gate
from services.compute.dialects import openpai


def test_jobs_are_told_to_be_off_and_what_this_is_stays() -> None:
    app = Flask(__name__, static_folder=None)
    openpai.mount(app)
    edge.install(app, "compute", checks={}, render_error=openpai.render_edge)
    install_gate(app, Gate())
    http = app.test_client()
    for path, member in (("/api/job/x", "error"), ("/openpai/api/v1/jobs", "code"),
                         ("/api/v1/user/ada/jobs/x/config", "code")):  # fmt: skip
        for method in ("GET", "PUT"):
            answer = http.open(path, method=method, json={})
            assert (answer.status_code, answer.get_json()[member]) == (503, "ServiceUnavailable")
    assert http.get("/api").status_code == 200
    assert "retentionSeconds" not in http.get("/api/v1/info").get_json()


def test_the_room_owns_what_lies_below_api_and_is_no_other_windows() -> None:
    own = ("/api", "/api/", "/api/job/x", "/API/Job", "/openpai/x", "/api/v1", "/api/v1/user/a/jobs",
           "/api/else", "/api/v2/info", "/api/version", "/api/servicesx")  # fmt: skip
    others = ("/api/v1/jobs", "/api/v1/jobs/1", "/api/v0/job", "/api/services/compute", "/api/compute",
              "/api/v1/workflows", "/api/aquarius/x", "/tidegate/v1/jobs", "/apix", "/jobs")  # fmt: skip
    assert all(map(openpai.owns, own))
    assert not any(map(openpai.owns, others))
