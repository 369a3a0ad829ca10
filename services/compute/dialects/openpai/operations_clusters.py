"""What the routes of virtual clusters give, for the API description."""

from typing import Final

from libs.openapi.document import Access, Field, Operation, Schema, json_reply, object_of

_TEXT: Schema = {"type": "string"}
_NUMBER: Schema = {"type": "number"}
_WHOLE: Schema = {"type": "integer"}
_USED: Final = object_of({"memory": _WHOLE, "vCores": _NUMBER, "GPUs": _WHOLE})
_CLUSTER: Final = object_of(
    {
        **dict.fromkeys(("capacity", "maxCapacity", "usedCapacity"), _NUMBER),
        **dict.fromkeys(("numActiveJobs", "numJobs", "numPendingJobs"), _WHOLE),
        "resourcesUsed": _USED,
        "state": _TEXT,
    }
)
_ERROR: Final = object_of({"code": _TEXT, "message": _TEXT})

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        path="/api/v1/virtual-clusters",
        methods=("GET",),
        access=Access.PUBLIC,
        tag="openpai",
        summary="Every virtual cluster by its name, and how busy it is.",
        description="Capacities are percentages, memory is in mebibytes.",
        replies={
            200: json_reply("By name.", {"type": "object", "additionalProperties": _CLUSTER}),
            503: json_reply("The jobs cannot be counted right now.", _ERROR),
        },
    ),
    Operation(
        path="/api/v1/virtual-clusters/{name}",
        methods=("GET",),
        access=Access.PUBLIC,
        tag="openpai",
        summary="One virtual cluster.",
        fields=(Field("name", _TEXT, place="path"),),
        replies={
            200: json_reply("How busy it is.", _CLUSTER),
            404: json_reply("There is none of that name.", _ERROR),
            503: json_reply("The jobs cannot be counted right now.", _ERROR),
        },
    ),
)
