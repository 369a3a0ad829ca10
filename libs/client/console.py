"""What people and programs see: answers on standard output, everything else on standard error."""

import json
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from libs.client.sizes import shown_duration, shown_size

Document = Mapping[str, Any]


class Console:
    """`as_json`: documents, one a line, instead of text. `quiet`: no progress."""

    def __init__(self, *, as_json: bool, quiet: bool) -> None:
        self.as_json = as_json
        self._quiet = quiet

    def document(self, document: Any) -> None:
        sys.stdout.write(json.dumps(document) + "\n")
        sys.stdout.flush()

    def line(self, text: str) -> None:
        sys.stdout.write(text + "\n")

    def data(self, piece: bytes) -> None:
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()

    def progress(self, text: str) -> None:
        if not self._quiet:
            self.problem(text)

    def problem(self, text: str) -> None:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()

    def listed(
        self, head: Sequence[str], found: Iterable[Document], row: Callable[[Document], Sequence[str]]
    ) -> None:
        """A table for people, or each document as it came."""
        if not self.as_json:
            self.table(head, map(row, found))
            return
        for document in found:
            self.document(document)

    def table(self, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        lines = [tuple(head), *(tuple(plain(cell) for cell in row) for row in rows)]
        widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.line("  ".join(cells).rstrip())


def job_row(job: Document) -> tuple[str, ...]:
    return (
        str(job["id"]),
        str(job["name"] or "-"),
        _state(job),
        shown_time(job["submitted_at"]),
        shown_elapsed(job),
        str(job["environment"]),
    )


QUOTA_HEAD = ("WHOSE", "WHAT", "HELD", "MOST")


def quota_rows(quotas: Document) -> Iterable[tuple[str, ...]]:
    whose = [("yours", quotas["principal"])]
    whose += [(f"group {group['group']}", group) for group in quotas["groups"]]
    for name, limits in whose:
        for what in ("jobs", "cpus", "memory", "storage"):
            yield (name, what, *(_amount(what, limits[what][which]) for which in ("held", "most")))


JOB_HEAD = ("ID", "NAME", "STATE", "SUBMITTED", "RAN", "ENVIRONMENT")


def _amount(what: str, value: float | None) -> str:
    if value is None:
        return "no limit"
    return shown_size(int(value)) if what in ("memory", "storage") else f"{value:g}"


def job_lines(job: Document) -> list[str]:
    """One job in full."""
    facts = {
        "id": f"{job['id']} ({job['uid']})",
        "name": job["name"],
        "labels": ", ".join(f"{name}={value}" for name, value in job["labels"].items()),
        "state": _state(job),
        "environment": job["environment"],
        "window": job["dialect"],
        "submitted": shown_time(job["submitted_at"]),
        "started": shown_time(job["started_at"]),
        "finished": shown_time(job["finished_at"]),
        "ran": shown_elapsed(job),
        "attempt": job["attempt"] if job["attempt"] > 1 else "",
        "exit code": job["exit_code"],
        "kept until": shown_time(job["expires_at"]),
    }
    width = max(map(len, facts))
    lines = [f"{name.ljust(width)}  {plain(str(value))}" for name, value in facts.items() if _says(value)]
    return [*lines, *reason_lines(job)]


def reason_lines(job: Document) -> list[str]:
    """Why it is where it is, and what can be done about it."""
    reason = job.get("reason")
    if not reason:
        return []
    lines = [f"{reason['sentence']} ({reason['code']}, phase {reason['phase']})", reason["advice"]]
    lines += [f"  | {line}" for line in str(reason["evidence"]).splitlines()[:20]]
    return [plain(line) for line in lines if line]


def event_row(event: Document) -> tuple[str, ...]:
    reason = event.get("reason") or {}
    return (shown_time(event["at"]), str(event["to"]), str(event["by"]), str(reason.get("sentence", "")))


def file_row(file: Document) -> tuple[str, ...]:
    return (str(file["path"]), shown_size(file["size"]), str(file["media_type"]), str(file["sha256"])[:12])


def environment_row(found: Document) -> tuple[str, ...]:
    limits, jobs = found["limits"], found["jobs"]
    price = "free" if float(found["price_per_minute"]) == 0 else f"{found['price_per_minute']}/min"
    return (
        str(found["id"]),
        str(found["engine"]) if found["available"] else f"{found['engine']} (away)",
        f"{limits['cpus']:g}",
        shown_size(limits["memory"]),
        shown_size(limits["disk"]),
        shown_duration(found["timeouts"]["run"]),
        f"{jobs['running']}/{jobs['most']}",
        price,
    )


def shown_time(seconds: float | None) -> str:
    """In the reader's own time zone."""
    return "" if seconds is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(seconds))


def _state(job: Document) -> str:
    stopping = job["wish"] == "cancel" and job["state"] not in ("succeeded", "failed", "cancelled")
    return f"{job['state']} (stopping)" if stopping else str(job["state"])


def shown_elapsed(job: Document) -> str:
    """How long a job or a workflow has been at work."""
    if job["started_at"] is None:
        return ""
    return shown_duration((job["finished_at"] or time.time()) - job["started_at"])


def _says(value: Any) -> bool:
    return value is not None and value != ""


def plain(text: str) -> str:
    """Without what would move a terminal's cursor: names and reasons come from elsewhere."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text
    )
