"""`/workflows`: submitted, listed, described, deleted, run again, copied, put away."""

import json
from functools import partial

from flask import Blueprint, Response

from libs.web.gate import needs
from services.compute.dialects.prominence.answers import array
from services.compute.dialects.prominence.description import describe_workflow as read_workflow
from services.compute.dialects.prominence.ending import Ending, Words
from services.compute.dialects.prominence.errors import NO_WORKFLOWS, answer, refusal
from services.compute.dialects.prominence.listing import read_workflow_listing
from services.compute.dialects.prominence.parts import ProminenceParts
from services.compute.dialects.prominence.queries import Query, caller, idempotency_key, sent_document, viewer
from services.compute.dialects.prominence.signed_links import SignedLinks
from services.compute.dialects.prominence.statuses import WORKFLOW_BY_USER
from services.compute.dialects.prominence.terms import terms_of
from services.compute.dialects.prominence.views import workflow_summary, workflow_view
from services.compute.domain.errors import (
    BadSpec,
    EnvironmentRefuses,
    NotFinished,
    WorkflowNotFound,
)

READ, WRITE = "job:read", "job:write"
WORDS = Words(
    none=NO_WORKFLOWS,
    no_ids="a workflow id or list of workflow ids must be provided",
    gone="Workflow is no longer in the queue",
    unfinished="Workflow has not ended: only one that has ended can be run again or removed",
)


def add(room: Blueprint, parts: ProminenceParts, links: SignedLinks) -> None:
    _add_reading(room, parts)
    _add_making(room, parts, links)
    _add_ending(room, parts)


def _add_reading(room: Blueprint, parts: ProminenceParts) -> None:
    @room.get("/workflows")
    @needs(READ)
    def list_workflows() -> Response:
        listing = read_workflow_listing(Query())
        if listing is None:
            return answer([])
        heads = parts.workflows.heads(viewer(), listing.wanted, listing.limit)
        found = parts.workflows.known([head.id for head in heads])
        shown = (workflow_summary(workflow) for workflow in found)
        return array(json.dumps(row, separators=(",", ":")).encode() for row in shown)

    @room.get("/workflows/<int:number>")
    @needs(READ)
    def describe_workflow(number: int) -> Response:
        try:
            workflow = parts.workflows.find(number, viewer())
            return answer([workflow_view(workflow, parts.workflows.steps(workflow.uid, viewer()))])
        except WorkflowNotFound:
            return answer([])


def _add_making(room: Blueprint, parts: ProminenceParts, links: SignedLinks) -> None:
    @room.post("/workflows")
    @needs(WRITE)
    def submit_workflow() -> Response:
        key = idempotency_key()
        if (earlier := parts.workflows.replayed(key)) is not None:
            return answer({"id": earlier.workflow.id}, 201)
        asked = read_workflow(sent_document(), terms_of(parts, links))
        try:
            submitted = parts.workflows.submit(asked.new, key)
        except (BadSpec, EnvironmentRefuses) as error:
            raise asked.told(error) from None
        return answer({"id": submitted.workflow.id}, 201)

    @room.put("/workflows/<int:number>")
    @needs(WRITE)
    def rerun_workflow(number: int) -> Response:
        try:
            again = parts.workflows.rerun(number, viewer(), caller().groups, idempotency_key())
        except NotFinished:
            return refusal(WORDS.unfinished)
        return answer({"id": again.workflow.id})

    @room.put("/workflows/<int:number>/clone")
    @needs(WRITE)
    def clone_workflow(number: int) -> Response:
        copied = parts.workflows.clone(number, viewer(), caller().groups, idempotency_key())
        return answer({"id": copied.workflow.id}, 201)


def _add_ending(room: Blueprint, parts: ProminenceParts) -> None:
    ending = Ending(partial(_end, parts), WORDS)

    @room.delete("/workflows/<int:number>")
    @needs(WRITE)
    def delete_workflow(number: int) -> Response:
        return ending.one(number)

    @room.delete("/workflows")
    @needs(WRITE)
    def delete_workflows() -> Response:
        return ending.several()

    @room.put("/workflows/<int:number>/remove")
    @needs(WRITE)
    def remove_workflow(number: int) -> Response:
        return ending.put_away(lambda: parts.workflows.put_away(number, viewer()))


def _end(parts: ProminenceParts, number: int) -> bool:
    """Whether there was something to end."""
    try:
        workflow = parts.workflows.find(number, viewer())
        if workflow.is_final:
            return False
        parts.workflows.cancel(workflow.uid, viewer(), caller().subject, WORKFLOW_BY_USER)
    except WorkflowNotFound:
        return False
    return True
