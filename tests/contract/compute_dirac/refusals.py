"""What a refusal of the room looks like."""

from typing import Any

from services.compute.ports.store import Filter
from tests.fakes.compute_dirac import Dirac


def is_envelope(body: dict[str, Any], status: int, code: str) -> bool:
    return (
        (body["error"], body["status"]) == (code, status)
        and body["detail"] == body["error_description"]
        and type(body["detail"]) is str
    )


def refused(room: Dirac, manifest: Any, **more: Any) -> list[tuple[str, str]]:
    """The problems that are told; nothing was taken."""
    answer = room.post(manifest, **more)
    assert answer.status_code == 400, answer.get_data(as_text=True)
    body = answer.get_json()
    assert is_envelope(body, 400, "invalid_manifest")
    assert room.store.count(Filter(owners=None)) == 0
    return [(problem["pointer"], problem["detail"]) for problem in body["problems"]]
