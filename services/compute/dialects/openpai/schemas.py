"""Schemas that the descriptions of this room's routes share."""

from collections.abc import Mapping
from typing import Any, Final

from libs.openapi.document import Schema, object_of

WORD: Final[Schema] = {"type": "string"}
WHOLE: Final[Schema] = {"type": "integer", "minimum": 0}
_NUMBER: Final[Schema] = {"type": "number"}
_FLAG: Final[Schema] = {"type": "boolean"}
_MOMENT: Final[Schema] = {"type": ["integer", "null"], "description": "Milliseconds."}
_MAYBE_CODE: Final[Schema] = {"type": ["integer", "null"]}
_MAYBE: Final[Schema] = {"type": ["string", "null"]}
_OBJECT: Final[Schema] = {"type": "object"}

FIRST: Final = object_of({"error": WORD, "message": WORD}, {"detail": {}})
SECOND: Final = object_of({"code": WORD, "message": WORD}, {"detail": {}})
DONE: Final = object_of({"message": WORD})
VALUE: Final = object_of({"value": {"enum": ["START", "STOP"]}})
DESCRIBED: Final = object_of(
    {"name": WORD, "version": WORD, "launcherType": WORD, "authnMethod": WORD}, {"retentionSeconds": WHOLE}
)

RAW: Final[Schema] = {
    "enum": [
        "FRAMEWORK_WAITING",
        "APPLICATION_CREATED",
        "APPLICATION_LAUNCHED",
        "APPLICATION_WAITING",
        "APPLICATION_RUNNING",
        "APPLICATION_RETRIEVING_DIAGNOSTICS",
        "FRAMEWORK_COMPLETED",
    ]
}
STATE: Final[Schema] = {"enum": ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "STOPPED"]}
EXIT_TYPE: Final[Schema] = {
    "enum": [
        "NOT_AVAILABLE",
        "SUCCEEDED",
        "TRANSIENT_NORMAL",
        "TRANSIENT_CONFLICT",
        "NON_TRANSIENT",
        "UNKNOWN",
    ]
}
_ROW: Final[Mapping[str, Any]] = {
    "name": WORD,
    "username": WORD,
    "retries": WHOLE,
    "createdTime": _MOMENT,
    "completedTime": _MOMENT,
}
_APPLICATION: Final[Mapping[str, Any]] = {
    "appId": _MAYBE,
    "appProgress": _NUMBER,
    "appTrackingUrl": WORD,
    "appLaunchedTime": _MOMENT,
    "appCompletedTime": _MOMENT,
    "appExitCode": _MAYBE_CODE,
    "appExitDiagnostics": _MAYBE,
    "appExitType": EXIT_TYPE,
}
_V1: Final[Mapping[str, Any]] = {
    **_ROW,
    "state": STATE,
    "subState": RAW,
    "executionType": {"enum": ["START", "STOP"]},
    "appExitCode": _MAYBE_CODE,
    "virtualCluster": WORD,
}
_V1_MAYBE: Final[Mapping[str, Any]] = {"legacy": _FLAG, "namespace": WORD, "stopping": _FLAG}
LEGACY_ROW: Final = object_of({**_ROW, "state": RAW, "appTrackingUrl": WORD, "appExitType": EXIT_TYPE})
LEGACY_STATUS: Final = object_of(
    {**_ROW, "state": RAW, **_APPLICATION, "jobState": STATE}, {"stoppedBy": WORD}
)
V1_ROW: Final = object_of(_V1, _V1_MAYBE)
_TASK: Final = object_of(
    {
        "taskIndex": WHOLE,
        "containerId": _MAYBE,
        "containerIp": _MAYBE,
        "containerPorts": {"type": "object", "additionalProperties": WORD},
        "containerGpus": WHOLE,
        "containerLog": WORD,
        "taskState": {"enum": ["WAITING", "RUNNING", "SUCCEEDED", "FAILED", "STOPPED"]},
        "containerExitCode": _MAYBE_CODE,
        "containerExitDiagnostics": _MAYBE,
        "launchedTime": _MOMENT,
        "completedTime": _MOMENT,
    }
)
_TASK_ROLE: Final = object_of(
    {"taskRoleStatus": object_of({"name": WORD}), "taskStatuses": {"type": "array", "items": _TASK}}
)
DETAIL: Final = object_of(
    {
        "name": WORD,
        "jobStatus": object_of({**_V1, **_APPLICATION}, {**_V1_MAYBE, "stoppedBy": WORD}),
        "taskRoles": {"type": "object", "additionalProperties": _TASK_ROLE},
    }
)
_STREAM: Final = object_of({"url": WORD, "size": WHOLE})
TASK_LOGS: Final = object_of({"role": WORD, "index": WHOLE, "stdout": _STREAM, "stderr": _STREAM})
LOGS: Final = object_of({"logs": {"type": "array", "items": TASK_LOGS}})

_COUNT: Final[Schema] = {"type": "integer"}
_ROLE: Final = object_of(
    {"name": WORD, "command": WORD},
    {
        "taskNumber": _COUNT,
        "cpuNumber": _COUNT,
        "memoryMB": _COUNT,
        "gpuNumber": _COUNT,
        "shmMB": _COUNT,
        "portList": {
            "type": "array",
            "items": object_of({"label": WORD}, {"beginAt": _COUNT, "portNumber": _COUNT}),
        },
        "minFailedTaskCount": _MAYBE_CODE,
        "minSucceededTaskCount": _MAYBE_CODE,
    },
)
CONFIG: Final = object_of(
    {"image": WORD, "taskRoles": {"type": "array", "items": _ROLE, "minItems": 1}},
    {
        "jobName": WORD,
        "authFile": WORD,
        "dataDir": WORD,
        "outputDir": WORD,
        "codeDir": WORD,
        "gpuType": WORD,
        "virtualCluster": WORD,
        "retryCount": _COUNT,
        "killAllOnCompletedTaskNumber": _COUNT,
        "jobEnvs": {"type": "object", "additionalProperties": WORD},
        "extras": _OBJECT,
    },
)
