"""What the commands on workflows do; returns their exit codes."""

import argparse
from typing import Any

from libs.client import console as shown
from libs.client.context import DONE, NOT_SUCCEEDED, Context
from libs.client.context import usual_environment as usual
from libs.client.documents import workflow_of
from libs.client.parser import Commands
from libs.client.tree import WORKFLOW_HEAD, progress, workflow_lines, workflow_row

Words = argparse.Namespace
Document = dict[str, Any]


def submit(context: Context, words: Words) -> int:
    document = workflow_of(words)
    bare = [step for step in _steps(document) if "environment" not in step]
    environment = usual(context.jobs) if bare else ""
    for step in bare:
        step["environment"] = environment
    if words.dry_run:
        context.console.document(context.workflows.validate(document))
        return DONE
    return _made(context, context.workflows.submit(document, words.key), words.wait)


def list_workflows(context: Context, words: Words) -> int:
    chosen = {name: getattr(words, name) or "" for name in ("state", "name", "label", "dialect")}
    found = context.workflows.listed(words.most, **chosen)
    context.console.listed(WORKFLOW_HEAD, found, workflow_row)
    return DONE


def show(context: Context, words: Words) -> int:
    workflow = context.workflows.find(words.workflow)
    if context.console.as_json:
        context.console.document(workflow)
    else:
        for line in workflow_lines(workflow):
            context.console.line(line)
    return DONE


def jobs(context: Context, words: Words) -> int:
    chosen = {name: getattr(words, name) or "" for name in ("state", "step")}
    found = context.workflows.jobs(words.workflow, words.most, **chosen)
    context.console.listed(shown.JOB_HEAD, found, shown.job_row)
    return DONE


def cancel(context: Context, words: Words) -> int:
    workflow = context.workflows.cancel(words.workflow)
    if context.console.as_json:
        context.console.document(workflow)
    else:
        word = "stopping" if workflow["finished_at"] is None else "stopped"
        context.console.progress(f"workflow {workflow['id']} is {word}")
    return DONE


def rerun(context: Context, words: Words) -> int:
    return _made(context, context.workflows.rerun(words.workflow), words.wait)


def clone(context: Context, words: Words) -> int:
    return _made(context, context.workflows.clone(words.workflow), words.wait)


WORKFLOW_COMMANDS: Commands = {
    **{"workflow submit": submit, "workflow list": list_workflows, "workflow show": show},
    **{"workflow jobs": jobs, "workflow cancel": cancel, "workflow rerun": rerun, "workflow clone": clone},
}


def _steps(document: Document) -> list[Document]:
    """What is none is left to the gateway, which says so."""
    steps = document.get("steps")
    return [step for step in steps if isinstance(step, dict)] if isinstance(steps, list) else []


def _made(context: Context, made: Document, waits: bool) -> int:
    if context.console.as_json:
        context.console.document(made)
    else:
        context.console.line(str(made["id"]))
    return _outcome(context, made["uid"]) if waits else DONE


def _outcome(context: Context, ref: str) -> int:
    """Waits for the end, and tells how it was."""
    workflow: Document = {}
    for workflow in context.workflows.wait(ref):
        context.console.progress(f"{workflow['state']}  {progress(workflow['jobs'])}")
    if context.console.as_json:
        context.console.document(workflow)
    if workflow["state"] == "succeeded":
        return DONE
    for line in shown.reason_lines(workflow):
        context.console.problem(line)
    return NOT_SUCCEEDED
