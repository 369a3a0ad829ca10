"""`/workflows`: taken, checked, listed, shown with their jobs, stopped, run again, copied."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.compute.dialects.native.answers import answer, known_tags, receipt, unchanged_or
from services.compute.dialects.native.jobs import job_page
from services.compute.dialects.native.parts import NativeParts
from services.compute.dialects.native.problems import BadWorkflow, WorkflowRefused
from services.compute.dialects.native.requests import (
    BAD_CURSOR,
    FILTERS,
    MOST_LISTED,
    USUALLY_LISTED,
    WORKFLOW_FILTERS,
    Query,
    caller,
    filter_of,
    idempotency_key,
    sent_document,
    viewer,
    wide_viewer,
    workflow_filter_of,
)
from services.compute.dialects.native.sandboxes import missing_sandboxes
from services.compute.dialects.native.translate import DIALECT
from services.compute.dialects.native.workflow_documents import AskedWorkflow, new_workflow
from services.compute.dialects.native.workflow_views import (
    checked_view,
    receipt_view,
    summary_view,
    workflow_view,
)
from services.compute.domain.errors import AlreadyFinished, BadSpec, EnvironmentRefuses
from services.compute.domain.spec import Spec
from services.compute.domain.templates import fill
from services.compute.domain.workflow import Step, Workflow, WorkflowState
from services.compute.ports.workflows import SubmittedWorkflow

Outcome = TypeVar("Outcome")
READ, WRITE = "job:read", "job:write"
NO_STEP = "The workflow has no step of this name."


def add(room: Blueprint, parts: NativeParts) -> None:
    _add_taking(room, parts)
    _add_reading(room, parts)
    _add_changing(room, parts)


def _add_taking(room: Blueprint, parts: NativeParts) -> None:
    @room.post("/workflows")
    @needs(WRITE)
    def submit_workflow() -> Response:
        key = idempotency_key(DIALECT)
        if (earlier := parts.workflows.replayed(key)) is not None:
            return _receipt(earlier)
        asked = _asked(parts)
        return _receipt(_placed(parts, asked, lambda: parts.workflows.submit(asked.new, key)))

    @room.post("/workflows/validate")
    @needs(WRITE)
    def validate_workflow() -> Response:
        asked = _asked(parts)
        return answer(checked_view(_placed(parts, asked, lambda: parts.workflows.check(asked.new))))


def _add_reading(room: Blueprint, parts: NativeParts) -> None:
    @room.get("/workflows")
    @needs(READ)
    def list_workflows() -> Response:
        query = Query(*WORKFLOW_FILTERS, "limit", "cursor", "all")
        limit = query.number("limit", 1, MOST_LISTED) or USUALLY_LISTED
        seen_by, wanted = wide_viewer(query), workflow_filter_of(query)
        try:
            page = parts.workflows.page(seen_by, wanted, limit, query.text("cursor"))
        except ValueError:
            raise BadParams("cursor", BAD_CURSOR) from None
        return answer({"workflows": [summary_view(one) for one in page.workflows], "next": page.next})

    @room.get("/workflows/<ref>")
    @needs(READ)
    def show_workflow(ref: str) -> Response:
        workflow = parts.workflows.find(ref, viewer())
        shown = f"{workflow.uid}.{workflow.revision}"

        def body() -> bytes:
            return json.dumps(workflow_view(workflow), separators=(",", ":")).encode()

        return unchanged_or(shown, known_tags(), body).response()

    @room.get("/workflows/<ref>/jobs")
    @needs(READ)
    def list_workflow_jobs(ref: str) -> Response:
        query = Query(*FILTERS, "step", "limit", "cursor")
        workflow = parts.workflows.find(ref, viewer())
        step = _number_of(workflow, query.text("step"))
        return job_page(parts, query, replace(filter_of(query), workflow=workflow.id, step=step), viewer())


def _add_changing(room: Blueprint, parts: NativeParts) -> None:
    @room.post("/workflows/<ref>/cancel")
    @needs(WRITE)
    def cancel_workflow(ref: str) -> Response:
        workflow = parts.workflows.cancel(ref, viewer(), caller().subject)
        if workflow.is_final and workflow.state is not WorkflowState.CANCELLED:
            raise AlreadyFinished
        return answer(summary_view(workflow))

    @room.post("/workflows/<ref>/rerun")
    @needs(WRITE)
    def rerun_workflow(ref: str) -> Response:
        key = idempotency_key(DIALECT)
        return _receipt(_again(lambda: parts.workflows.rerun(ref, viewer(), caller().groups, key)))

    @room.post("/workflows/<ref>/clone")
    @needs(WRITE)
    def clone_workflow(ref: str) -> Response:
        key = idempotency_key(DIALECT)
        return _receipt(_again(lambda: parts.workflows.clone(ref, viewer(), caller().groups, key)))


def _asked(parts: NativeParts) -> AskedWorkflow:
    try:
        return new_workflow(sent_document(), caller(), parts.environments)
    except BadSpec as error:
        raise BadWorkflow(error.problems) from None


def _placed(parts: NativeParts, asked: AskedWorkflow, act: Callable[[], Outcome]) -> Outcome:
    """What is wrong with it, said of the document."""
    specs = [_first(step) for step in asked.new.steps]
    missing = missing_sandboxes(parts.sandboxes, asked.new.owner, specs)
    if missing:
        raise BadWorkflow([(f"/steps/{number}{place}", text) for number, place, text in missing])
    try:
        return act()
    except BadSpec as error:
        raise BadWorkflow(asked.moved(error.problems)) from None
    except EnvironmentRefuses as error:
        raise WorkflowRefused(asked.moved(error.problems)) from None


def _again(act: Callable[[], SubmittedWorkflow]) -> SubmittedWorkflow:
    """Of what was taken once: there is no document in whose places to speak."""
    try:
        return act()
    except BadSpec as error:
        raise BadWorkflow(error.problems) from None
    except EnvironmentRefuses as error:
        raise WorkflowRefused(error.problems) from None


def _first(step: Step) -> Spec:
    """As the first of its jobs has it."""
    has_one = step.sweep is not None and step.sweep.count > 0
    return fill(step.spec, step.sweep.values(0)) if has_one and step.sweep is not None else step.spec


def _number_of(workflow: Workflow, name: str | None) -> int | None:
    """Of the step of that name. Raises BadParams."""
    if name is None:
        return None
    found = next((step.number for step in workflow.steps if step.name == name), None)
    if found is None:
        raise BadParams("step", NO_STEP)
    return found


def _receipt(submitted: SubmittedWorkflow) -> Response:
    return receipt(receipt_view(submitted.workflow), replayed=submitted.replayed)
