"""A workflow as people see it: its steps as a tree, each below the one it waits for longest."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from libs.client.console import plain, reason_lines, shown_elapsed, shown_time

Document = Mapping[str, Any]
DEEPEST = 12  # levels that are indented
WIDEST = 60  # characters of a name's column
MOST_NAMED = 3  # other steps that one waits for
WORKFLOW_HEAD = ("ID", "NAME", "STATE", "SUBMITTED", "RAN", "JOBS")


def workflow_row(workflow: Document) -> tuple[str, ...]:
    return (
        str(workflow["id"]),
        str(workflow["name"] or "-"),
        str(workflow["state"]),
        shown_time(workflow["submitted_at"]),
        shown_elapsed(workflow),
        progress(workflow["jobs"]),
    )


def workflow_lines(workflow: Document) -> list[str]:
    """One workflow in full."""
    facts = {
        "id": f"{workflow['id']} ({workflow['uid']})",
        "name": workflow["name"],
        "labels": ", ".join(f"{name}={value}" for name, value in workflow["labels"].items()),
        "state": workflow["state"],
        "jobs": progress(workflow["jobs"]),
        "window": workflow["dialect"],
        "submitted": shown_time(workflow["submitted_at"]),
        "started": shown_time(workflow["started_at"]),
        "finished": shown_time(workflow["finished_at"]),
        "ran": shown_elapsed(workflow),
        "kept until": shown_time(workflow["expires_at"]),
        "rerun of": workflow["rerun_of"] or "",
    }
    width = max(map(len, facts))
    lines = [f"{name.ljust(width)}  {plain(str(value))}" for name, value in facts.items() if value]
    return [*lines, *reason_lines(workflow), "", *step_lines(workflow["steps"])]


def step_lines(steps: Sequence[Document]) -> list[str]:
    rows = list(_rows(steps))
    width = min(WIDEST, max((len(name) for name, _ in rows), default=0))
    states = max((len(str(step["state"])) for _, step in rows), default=0)
    parents = _parents(steps)
    lines = []
    for name, step in rows:
        others = [one for one in step["after"] if one != parents[step["name"]]]
        told = ", ".join(others[:MOST_NAMED]) + (", ..." if len(others) > MOST_NAMED else "")
        also = f"  (also after {told})" if others else ""
        state = str(step["state"]).ljust(states)
        lines.append(plain(f"{name.ljust(width)}  {state}  {progress(step['jobs'])}{also}"))
    return lines


def progress(jobs: Document) -> str:
    """`3/10, 1 failed, 2 under way`."""
    parts = [f"{jobs['succeeded']}/{jobs['total']}"]
    words = {"failed": "failed", "unfinished": "under way", "kept": "kept"}
    parts += [f"{jobs[name]} {word}" for name, word in words.items() if jobs.get(name)]
    return ", ".join(parts)


def _rows(steps: Sequence[Document]) -> Iterator[tuple[str, Document]]:
    """Each step once, with what stands before its name."""
    parents = _parents(steps)
    below: dict[str | None, list[Document]] = {}
    for step in steps:
        below.setdefault(parents[step["name"]], []).append(step)
    stack = [(step, "", "", 0) for step in reversed(below.get(None, []))]
    while stack:
        step, branch, indent, depth = stack.pop()
        yield f"{branch}{step['name']}", step
        children = below.get(step["name"], [])
        for number, child in reversed(list(enumerate(children))):
            is_last = number == len(children) - 1
            more = "" if depth >= DEEPEST else "   " if is_last else "│  "
            stack.append((child, f"{indent}{'└─ ' if is_last else '├─ '}", indent + more, depth + 1))


def _parents(steps: Sequence[Document]) -> dict[str, str | None]:
    """Of each step the deepest of those before it; None where there is none."""
    after = {str(step["name"]): [str(name) for name in step["after"]] for step in steps}
    followers: dict[str, list[str]] = {}
    waits = {name: sum(one in after for one in before) for name, before in after.items()}
    for name, before in after.items():
        for one in before:
            followers.setdefault(one, []).append(name)
    depths: dict[str, int] = {}
    ready = [name for name, number in waits.items() if number == 0]
    for name in ready:  # grows on the way
        depths[name] = max((depths[one] + 1 for one in after[name] if one in depths), default=0)
        for follower in followers.get(name, []):
            waits[follower] -= 1
            if waits[follower] == 0:
                ready.append(follower)
    return {
        name: max((one for one in before if one in depths), key=lambda one: depths[one], default=None)
        for name, before in after.items()
    }
