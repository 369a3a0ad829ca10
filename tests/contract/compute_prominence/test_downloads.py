"""Links to what jobs left: good without a credential, for one thing, for a while."""

from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from werkzeug.test import TestResponse

from services.compute.usecases.viewers import viewer_of
from tests.fakes.compute_prominence import Prominence
from tests.fakes.compute_room import ADA

pytestmark = pytest.mark.clause("prominence 1.1", "prominence 4.4")

DAY = 86_400


def link(room: Prominence, **files: bytes) -> str:
    number = room.submit(outputFiles=[name.replace("__", ".") for name in files])
    room.run(number, **files)
    return str(room.described(number)["outputFiles"][0]["url"])


def fetch(room: Prominence, url: str, **headers: str) -> TestResponse:
    """As anybody does who was given the link."""
    parts = urlsplit(url)
    return room.http.get(f"{parts.path}?{parts.query}", headers=headers)


def changed(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    path = changes.pop("path", parts.path)
    return f"{path}?{urlencode({**query, **changes})}"


def test_a_link_gives_the_file(room: Prominence) -> None:
    url = link(room, out__txt=b"0123456789")
    answer = fetch(room, url)
    assert (answer.status_code, answer.data) == (200, b"0123456789")
    assert answer.headers["Content-Length"] == "10"
    assert answer.headers["Content-Disposition"] == "attachment; filename=out.txt"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_part_of_the_file(room: Prominence) -> None:
    url = link(room, out__txt=b"0123456789")
    part = fetch(room, url, Range="bytes=2-4")
    assert (part.status_code, part.data) == (206, b"234")
    assert part.headers["Content-Range"] == "bytes 2-4/10"
    beyond = fetch(room, url, Range="bytes=20-")
    assert (beyond.status_code, beyond.headers["Content-Range"]) == (416, "bytes */10")
    assert isinstance(beyond.get_json()["error"], str)


def test_a_link_lasts_for_days_and_no_longer(room: Prominence) -> None:
    url = link(room, out__txt=b"x")
    room.clock.move(7 * DAY - 1)
    assert fetch(room, url).status_code == 200
    room.clock.move(2)
    assert fetch(room, url).status_code == 403


@pytest.mark.parametrize(
    "changes",
    [
        {"signature": ""}, {"signature": "0" * 64}, {"signature": "é"}, {"signature": "x" * 9000},
        {"expires": ""}, {"expires": "x"}, {"expires": "9999999999"}, {"expires": "9" * 40},
        {"expires": "-1"}, {"expires": "²"},
    ],
)  # fmt: skip
def test_a_changed_link_does_not_count(room: Prominence, changes: dict[str, str]) -> None:
    answer = fetch(room, changed(link(room, out__txt=b"x"), **changes))
    assert (answer.status_code, answer.mimetype) == (403, "application/json")
    assert isinstance(answer.get_json()["error"], str)


def test_a_link_is_of_one_file_of_one_job(room: Prominence) -> None:
    first, second = link(room, out__txt=b"x"), link(room, out__txt=b"y")
    assert fetch(room, changed(first, path=urlsplit(second).path)).status_code == 403
    path = urlsplit(first).path
    for other in (path + "2", path + "/", path.replace("outputs", "snapshots"), path + "/../out.txt"):
        assert fetch(room, changed(first, path=other)).status_code in (403, 404)


def test_without_a_signature_nothing_is_told(room: Prominence) -> None:
    path = urlsplit(link(room, out__txt=b"x")).path
    answers = [room.http.get(asked) for asked in (path, path + "2", f"/prominence/v1/outputs/{'a' * 32}/x")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(403, answers[0].data)}


def test_a_link_is_good_at_either_base(room: Prominence) -> None:
    url = link(room, out__txt=b"x")
    assert fetch(room, url.replace("/prominence/v1", "/api/v1")).data == b"x"


def test_links_name_the_base_that_was_asked(room: Prominence) -> None:
    number = room.submit(outputFiles=["out.txt"])
    room.run(number, out__txt=b"x")
    (kept,) = room.described(number, base="/api/v1")["outputFiles"]
    assert kept["url"].startswith("https://gate.example/api/v1/outputs/")


def test_without_a_public_url_links_name_what_the_request_named(tmp_path: Path) -> None:
    room = Prominence(tmp_path, public_url="")
    number = room.submit(outputFiles=["out.txt"])
    room.run(number, out__txt=b"x")
    asked = {"Host": "here.example:8443", "X-Forwarded-Proto": "https"}
    (kept,) = room.described(number, headers=asked)["outputFiles"]
    assert kept["url"].startswith("https://here.example:8443/prominence/v1/outputs/")


def test_names_that_want_care(room: Prominence) -> None:
    name = "ü & ?#%25 x.txt"
    number = room.submit(outputFiles=[name])
    room.run(number, **{name.replace(".", "__"): b"x"})
    (kept,) = room.described(number)["outputFiles"]
    assert fetch(room, kept["url"]).data == b"x"


def test_what_the_program_wrote_is_no_page_of_this_site(room: Prominence) -> None:
    answer = fetch(room, link(room, a__html=b"<script>"))
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_links_of_a_job_that_is_gone_lead_nowhere(room: Prominence) -> None:
    url = link(room, out__txt=b"x")
    uid = urlsplit(url).path.split("/")[4]
    room.parts.jobs.delete(uid, viewer_of(ADA), "ada")
    assert fetch(room, url).status_code == 404


def test_the_first_file_that_fits_a_pattern(room: Prominence) -> None:
    number = room.submit(outputFiles=["out/*.dat", "missing"])
    room.run(number, b__dat=b"22")
    assert [bool(kept["url"]) for kept in room.described(number)["outputFiles"]] == [True, False]
