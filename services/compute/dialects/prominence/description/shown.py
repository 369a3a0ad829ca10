"""A description as it is shown again: what was sent, runtimes filled in, without contents and secrets."""

from collections.abc import Mapping
from typing import Any

from services.compute.dialects.prominence.description.files import repaired
from services.compute.dialects.prominence.description.images import usual_runtime
from services.compute.dialects.prominence.description.policies import HIDDEN


def shown_job(document: Mapping[str, Any]) -> dict[str, Any]:
    """Of a job that was found good. `content` of inputs is null: the spec has it. What is null in the
    document is left out: clients fall over it (contract G8).
    """
    found = {name: _without_nulls(value) for name, value in document.items() if value is not None}
    found["tasks"] = [_task(task) for task in document["tasks"]]
    if document.get("inputs") is not None:
        found["inputs"] = [_input(entry) for entry in document["inputs"]]
    if document.get("artifacts") is not None:
        found["artifacts"] = [repaired(_without_nulls(entry)) for entry in document["artifacts"]]
    if document.get("notifications") is not None:
        found["notifications"] = [_notice(entry) for entry in document["notifications"]]
    return found


def shown_workflow(document: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: value for name, value in document.items() if value is not None}
    found["jobs"] = [shown_job(job) for job in document["jobs"]]
    if document.get("notifications") is not None:
        found["notifications"] = [_notice(entry) for entry in document["notifications"]]
    return found


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    shown = {"runtime": usual_runtime(task.get("image")), **_without_nulls(task)}
    if "imagePullCredential" in shown:
        shown["imagePullCredential"] = {
            "username": shown["imagePullCredential"]["username"],
            "token": HIDDEN,
        }
    return shown


def _input(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {**_without_nulls(entry), "content": None}


def _notice(entry: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = _without_nulls(entry)
    return {**shown, "secret": HIDDEN} if "secret" in shown else shown


def _without_nulls(value: Any) -> Any:
    if type(value) is dict:
        return {name: member for name, member in value.items() if member is not None}
    return value
