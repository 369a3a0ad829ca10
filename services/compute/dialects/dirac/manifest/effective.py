"""The effective manifest (contract 2.4): what was submitted, and what was made of it, at the end."""

from collections.abc import Mapping

from libs.web.principal import Principal
from libs.web.strict_json import Json, NumberText
from services.compute.dialects.dirac.manifest.asked import Asked

ADDED = ("JobID", "Owner", "OwnerGroup", "VirtualOrganization", "CPUTime", "Priority", "JobRequirements")


def additions(asked: Asked, owner: Principal, group: str) -> dict[str, Json]:
    """What the server knows before the job has its id."""
    cpu, priority = NumberText(asked.shown_cpu_seconds), NumberText(asked.priority)
    realm = owner.vo or ""
    return {
        "Owner": owner.name,
        "OwnerGroup": group,
        "VirtualOrganization": realm,
        "CPUTime": cpu,
        "Priority": priority,
        "JobRequirements": _requirements(asked, owner.name, group, realm),
    }


def effective(
    document: Mapping[str, Json], reference: str | None, added: Mapping[str, Json], number: int
) -> dict[str, Json]:
    """`document` with canonical names; `reference` is of the sandbox that came with the request."""
    found = {name: value for name, value in document.items() if name not in ADDED}
    if reference is not None:
        found["InputSandbox"] = [*_listed(found.get("InputSandbox")), reference]
    if "InputData" in found and found["InputData"] is not None:
        found["InputData"] = [_logical(entry) for entry in _listed(found["InputData"])]
    return {**found, "JobID": NumberText(number), **added}


def _requirements(asked: Asked, owner: str, group: str, realm: str) -> dict[str, Json]:
    size = asked.size
    tags = list(asked.names["Tags"])
    if (size.processors or 1) > 1:
        tags += [f"{size.processors}Processors", "MultiProcessor"]
    if size.whole_node:
        tags.append("WholeNode")
    found: dict[str, Json] = {
        "OwnerName": owner,
        "OwnerGroup": group,
        "VirtualOrganization": realm,
        "CPUTime": NumberText(asked.shown_cpu_seconds),
        "UserPriority": NumberText(asked.priority),
        "JobTypes": asked.kind,
    }
    lists = {
        "Sites": asked.choice.named,
        "BannedSites": asked.banned,
        "Tags": tuple(dict.fromkeys(tags)),
        "GridCEs": asked.names["GridCE"],
        "Platforms": asked.names["Platform"],
    }
    found |= {name: list(members) for name, members in lists.items() if members}
    if size.processors is not None:
        found["NumberOfProcessors"] = NumberText(size.processors)
    if size.memory is not None:
        found["RAM"] = NumberText(size.memory >> 20)
    return found


def _listed(value: Json) -> list[Json]:
    if isinstance(value, list):
        return value
    return [value] if value else []


def _logical(entry: Json) -> Json:
    return f"LFN:{entry}" if isinstance(entry, str) and entry.startswith("/") else entry
