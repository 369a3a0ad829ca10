"""Places in a spec as its author wrote them: `/roles/0/resources/memory` is `taskRoles[0].memoryMB`."""

import re
from typing import Final

_WORDS: Final = {
    "resources/cpus": "cpuNumber",
    "resources/memory": "memoryMB",
    "resources/memory_bytes": "memoryMB",
    "resources/gpus": "gpuNumber",
    "count": "taskNumber",
    "name": "name",
}
_ROLE = re.compile(r"/roles/([0-9]+)(?:/(.*))?")
_IMAGE = re.compile(r"tasks/[0-9]+/image(?:/.*)?")
_VARIABLE = re.compile(r"tasks/[0-9]+/environment/(.+)")


def named_place(place: str) -> str:
    """What has no word of its own is the role's, or the job's."""
    found = _ROLE.fullmatch(place)
    if found is None:
        return "taskRoles" if place.startswith("/roles") else "body"
    role, rest = f"taskRoles[{found[1]}]", found[2] or ""
    if _IMAGE.fullmatch(rest):
        return "image"
    if variable := _VARIABLE.fullmatch(rest):
        return f"jobEnvs.{variable[1]}"
    return f"{role}.{_WORDS[rest]}" if rest in _WORDS else role
