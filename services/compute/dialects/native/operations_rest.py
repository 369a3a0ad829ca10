"""Environments, quotas, dead letters."""

from libs.openapi.document import Access, Field, Operation, object_of
from services.compute.dialects.native.schemas import (
    FLAG,
    JOB_FIELD,
    MAYBE_NUMBER,
    MAYBE_TEXT,
    NOT_THERE,
    NUMBER,
    REFUSALS,
    SUMMARY,
    TEXT,
    WHOLE,
    given,
)

_NUMBERS = {"type": "object", "additionalProperties": NUMBER}
_ENVIRONMENT = object_of(
    {
        "id": TEXT, "engine": TEXT, "description": TEXT, "isolation": TEXT, "available": FLAG,
        "pins_images": FLAG, "takes_digests": FLAG, "image": MAYBE_TEXT, "network": FLAG, "gathers": FLAG,
        "shares_address": FLAG, "limits": _NUMBERS, "timeouts": _NUMBERS, "keep_seconds": NUMBER,
        "jobs": object_of({"running": WHOLE, "most": WHOLE}), "price_per_minute": TEXT,
    }
)  # fmt: skip
_HELD = object_of({"held": NUMBER, "most": MAYBE_NUMBER})
_QUOTA = {"jobs": _HELD, "cpus": _HELD, "memory": _HELD, "storage": _HELD}

REST: tuple[Operation, ...] = (
    Operation(
        path="/tidegate/v1/environments",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="Where jobs may run.",
        replies={
            **REFUSALS,
            200: given("All.", object_of({"environments": {"type": "array", "items": _ENVIRONMENT}})),
        },
    ),
    Operation(
        path="/tidegate/v1/quotas",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="jobs",
        summary="What you have under way, and how much you may; null is no limit.",
        replies={
            **REFUSALS,
            200: given(
                "Yours, and those of your groups.",
                object_of(
                    {
                        "principal": object_of(_QUOTA),
                        "groups": {"type": "array", "items": object_of({"group": TEXT, **_QUOTA})},
                    }
                ),
            ),
        },
    ),
    Operation(
        path="/tidegate/v1/dead-letters",
        methods=("GET",),
        access=Access.PRINCIPAL,
        tag="administration",
        summary="Jobs that broke by our own fault, oldest first.",
        fields=(
            Field("limit", {"type": "integer", "minimum": 1, "maximum": 1000}, place="query", example=100),
        ),
        replies={
            **REFUSALS,
            200: given(
                "With what broke.",
                object_of(
                    {"dead_letters": {"type": "array", "items": object_of({"job": SUMMARY, "error": TEXT})}}
                ),
            ),
        },
    ),
    Operation(
        path="/tidegate/v1/dead-letters/{ref}/replay",
        methods=("POST",),
        access=Access.PRINCIPAL,
        tag="administration",
        summary="Give a job that broke to the workers again.",
        fields=(JOB_FIELD,),
        replies={**REFUSALS, 200: given("It is theirs.", SUMMARY), 404: NOT_THERE},
    ),
)
