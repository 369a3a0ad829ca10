"""People who are not there to ask, for the service that runs jobs.

GET  /internal/people/<username>                   -> 200 {"principal": {...}}; null for nobody
POST /internal/removed-people  {"subjects": [...]} -> 200 {"removed": [...]}
"""

from typing import Final

from flask import Blueprint, Response, request

from libs.web.params import BadParams, Limits, Params
from libs.web.service_tokens import requires_service
from services.auth.dialects.internal.errors import BadRequest, answer
from services.auth.usecases.known_people import KnownPeople

MOST_SUBJECTS: Final = 500  # asked about at a time
LIMITS: Final = Limits(body=256 * 1024)


def add(room: Blueprint, people: KnownPeople) -> None:
    @room.get("/people/<username>")
    @requires_service("compute")
    def person(username: str) -> Response:
        found = people.named(username)
        return answer({"principal": None if found is None else found.as_json()})

    @room.post("/removed-people")
    @requires_service("compute")
    def removed_people() -> Response:
        return answer({"removed": people.removed(_subjects())})


def _subjects() -> list[str]:
    """Raises BadRequest."""
    try:
        subjects = Params.of_json(request, LIMITS).value("subjects")
    except BadParams as error:
        raise BadRequest from error
    if not isinstance(subjects, list) or len(subjects) > MOST_SUBJECTS:
        raise BadRequest
    if not all(type(each) is str for each in subjects):  # numbers come as texts of a kind of their own
        raise BadRequest
    return [str(each) for each in subjects]
