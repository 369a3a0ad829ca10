"""`policies` and `notifications` of jobs and workflows (contract 2.4, 3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from services.compute.dialects.prominence.description.problems import Notes, quoted
from services.compute.dialects.prominence.description.values import amount, flag, known_only, texts_of
from services.compute.domain.input_check import url_problem
from services.compute.domain.notices import Means, Notice
from services.compute.domain.spec_json import pointer

MAX_RETRIES: Final = 6
MAX_WORKFLOW_RETRIES: Final = 10
MAX_MINUTES: Final = 44_640  # 31 days
MAX_PRIORITY: Final = 1000
MAX_NOTICES: Final = 20
MAX_SECRET: Final = 256
HIDDEN: Final = "***"  # in the place of secrets that are shown
IGNORE, FORGIVE = "ignoreTaskFailures", "reportJobSuccessOnTaskFailure"
ALIASES: Final = {"ignoreTaskTailures": IGNORE, "maximumRetriesPerTask": "maximumTaskRetries"}
FLAGS: Final = (IGNORE, FORGIVE, "leaveInQueue", "runSerialTasksOnAllNodes")
JOB_MEMBERS: Final = frozenset(
    {
        *FLAGS,
        *ALIASES,
        "maximumRetries",
        "maximumTaskRetries",
        "maximumTimeInQueue",
        "maximumIdleTimePerResource",
        "priority",
        "placement",
        "autoScalingType",
        "preemptible",
    }
)
WORKFLOW_MEMBERS: Final = frozenset({"maximumRetries", "maximumReruns", "placement", "leaveInQueue"})
SCALING: Final = (None, "none", "dedicated", "shared")


@dataclass(frozen=True, slots=True)
class Placement:
    """Names of sites and regions: any of `required` when there are some, `preferred` in their order."""

    required: tuple[str, ...] = ()
    preferred: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policies:
    """Retries are those after the first try. `queue_minutes` None: as long as the environment lets it."""

    retries: int = 0
    task_retries: int = 0
    queue_minutes: int | None = None
    priority: int = 0
    placement: Placement | None = None
    lingers: bool = False
    ignores_failures: bool = False
    forgives_failures: bool = False
    on_all_nodes: bool = False


def read_job_policies(document: Mapping[str, Any], path: str, notes: Notes) -> Policies:
    here = f"{path}/policies"
    given = _object(document, here, JOB_MEMBERS, notes)
    flags = {name: flag(given, name, here, notes) for name in FLAGS}
    _number(given, "maximumIdleTimePerResource", here, 1, MAX_MINUTES, notes)
    if given.get("autoScalingType") not in SCALING:
        notes.add(f"{here}/autoScalingType", "autoScalingType must be none, dedicated or shared")
    waits = _number(given, "maximumTimeInQueue", here, -1, MAX_MINUTES, notes)
    return Policies(
        retries=_number(given, "maximumRetries", here, 1, MAX_RETRIES, notes) or 0,
        task_retries=_number(given, "maximumTaskRetries", here, 1, MAX_RETRIES, notes) or 0,
        queue_minutes=waits if waits is not None and waits > 0 else None,
        priority=_number(given, "priority", here, 0, MAX_PRIORITY, notes) or 0,
        placement=_placement(given, here, notes),
        lingers=flags["leaveInQueue"],
        ignores_failures=flags[IGNORE],
        forgives_failures=flags[FORGIVE],
        on_all_nodes=flags["runSerialTasksOnAllNodes"],
    )


def read_workflow_policies(document: Mapping[str, Any], notes: Notes) -> Policies:
    here = "/policies"
    given = _object(document, here, WORKFLOW_MEMBERS, notes)
    _number(given, "maximumReruns", here, 1, MAX_WORKFLOW_RETRIES, notes)
    return Policies(
        retries=_number(given, "maximumRetries", here, 1, MAX_WORKFLOW_RETRIES, notes) or 0,
        placement=_placement(given, here, notes),
        lingers=flag(given, "leaveInQueue", here, notes),
    )


def _object(document: Mapping[str, Any], path: str, known: frozenset[str], notes: Notes) -> dict[str, Any]:
    """Its members by their right names; those that are null are not there."""
    given = document.get("policies")
    if given is None:
        return {}
    if type(given) is not dict:
        notes.add(path, "policies must be a dict")
        return {}
    known_only(given, known, path, "in policies", notes)
    for wrong, right in ALIASES.items():
        if wrong in given and right in given and given[wrong] != given[right]:
            notes.add(f"{path}/{wrong}", f"{wrong} and {right} must not differ")
    return {ALIASES.get(str(name), str(name)): value for name, value in given.items() if value is not None}


_WORDS: Final = {
    "maximumRetries": "the number of retries",
    "maximumTaskRetries": "the number of task retries",
    "maximumReruns": "the number of reruns",
    "maximumTimeInQueue": "the maximum time in queue",
    "maximumIdleTimePerResource": "the maximum idle time per resource",
    "priority": "the priority",
}


def _number(
    given: Mapping[str, Any], name: str, path: str, least: int, most: int, notes: Notes
) -> int | None:
    if name not in given:
        return None
    words = _WORDS[name]
    small = "-1, 0 or greater than 0" if least < 0 else f"greater than {least - 1}"
    if least == 0:
        small = "at least 0"
    texts = (f"{words} must be an integer", f"{words} must be {small}", f"{words} must be at most {most}")
    found = amount(given[name], least, most, texts)
    if isinstance(found, str):
        notes.add(f"{path}/{name}", found)
        return None
    return found


def _placement(given: Mapping[str, Any], path: str, notes: Notes) -> Placement | None:
    value, here = given.get("placement"), f"{path}/placement"
    if value is None:
        return None
    if type(value) is not dict:
        notes.add(here, "placement must be a dict")
        return None
    known_only(value, ("requirements", "preferences"), here, "in placement policy", notes)
    return Placement(
        required=_places(value, "requirements", here, notes),
        preferred=_places(value, "preferences", here, notes),
    )


def _places(placement: Mapping[str, Any], kind: str, path: str, notes: Notes) -> tuple[str, ...]:
    value, here = placement.get(kind), f"{path}/{kind}"
    if value is None:
        return ()
    if type(value) is not dict:
        notes.add(here, f"{kind} must be a dict")
        return ()
    known_only(value, ("sites", "regions"), here, f"in {kind}", notes)
    found: list[str] = []
    for name in ("sites", "regions"):
        if value.get(name) is not None:
            found += texts_of(value[name], f"{here}/{name}", f"{name} in {kind} must be a list", notes)
    return tuple(dict.fromkeys(found))


def read_notices(document: Mapping[str, Any], path: str, event: str, notes: Notes) -> tuple[Notice, ...]:
    """`event` is the one that this description may name."""
    given, here = document.get("notifications"), f"{path}/notifications"
    if given is None:
        return ()
    if type(given) is not list:
        notes.add(here, "notifications must be in the form of a list")
        return ()
    if len(given) > MAX_NOTICES:
        notes.add(here, f"there must be at most {MAX_NOTICES} notifications")
        return ()
    found = [_notice(entry, pointer(here, number), event, notes) for number, entry in enumerate(given)]
    return tuple(notice for notice in found if notice is not None)


def _notice(entry: Any, path: str, event: str, notes: Notes) -> Notice | None:
    """`webhook` is ours: a signed POST to `url`."""
    if type(entry) is not dict:
        notes.add(path, "each notification must be a dict of event and type")
        return None
    known_only(entry, ("event", "type", "url", "secret"), path, "in notifications", notes)
    if entry.get("event") != event:
        notes.add(path, f"invalid notification event {quoted(entry.get('event', ''))}")
    kind = entry.get("type")
    if kind not in (Means.EMAIL, Means.WEBHOOK):
        notes.add(path, f"invalid notification type {quoted('' if kind is None else kind)}")
    if kind == Means.WEBHOOK:
        return _webhook(entry, path, notes)
    for name in ("url", "secret"):
        if name in entry:
            notes.add(f"{path}/{name}", f"invalid item {quoted(name)} in notifications")
    return Notice(means=Means.EMAIL)


def _webhook(entry: Mapping[str, Any], path: str, notes: Notes) -> Notice | None:
    url, secret = entry.get("url"), entry.get("secret", "")
    if type(url) is not str or url_problem(url) is not None:
        notes.add(f"{path}/url", "a webhook must have an http or https URL without user name and password")
        return None
    if type(secret) is not str or len(secret) > MAX_SECRET or not secret.isprintable() or secret == HIDDEN:
        notes.add(f"{path}/secret", f"a webhook's secret must be a text of at most {MAX_SECRET} characters")
        return None
    return Notice(means=Means.WEBHOOK, url=url, secret=secret)
