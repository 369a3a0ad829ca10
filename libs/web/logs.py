"""JSON log lines on stderr: one line per record whatever the message holds, secrets cut out.

Services log with the standard library; `extra={...}` members become members of the line.
"""

import json
import logging
import re
import sys
import time
from collections.abc import Mapping
from typing import Any

from libs.web import request_ids

REDACTED = "[redacted]"
_SENSITIVE = (
    r"signature|auth[-_ ]?token|token|secret|password|passwd|passphrase|mnemonic|private[-_ ]?key|"
    r"api[-_ ]?key|egress[-_ ]?key|authorization|cookie|credential"
)
_SECRET_MEMBER = re.compile(rf"(?:.*[_.-])?(?:{_SENSITIVE})s?", re.IGNORECASE)
# Order matters: whole credentials first, then labelled values, then shapes that are secret by themselves.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{6,}", re.IGNORECASE), rf"\1 {REDACTED}"),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_=-]*){1,4}"), REDACTED),
    (re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,20}:/[^\s\"'<>]*"), "<URL stripped for security reasons>"),
    (
        re.compile(
            rf"((?:{_SENSITIVE})s?[\"']?\s*(?:=|:|\bis\b)\s*)(?!\[redacted\])(?:\"[^\"]*\"|'[^']*'|[^\s,;&}})]+)",
            re.IGNORECASE,
        ),
        rf"\1{REDACTED}",
    ),
    (re.compile(r"(?<![0-9A-Fa-f])(?:0x)?[0-9A-Fa-f]{128,}"), REDACTED),
    # 32 bytes in base64url: our opaque tokens, codes and the secret half of an API key.
    (re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])"), REDACTED),
)
# 32 bytes of hex are a transaction hash in most lines and a key in lines that speak of keys.
_SPEAKS_OF_KEYS = re.compile(r"key|secret|mnemonic", re.IGNORECASE)
_HEX32 = re.compile(r"(?<![0-9A-Fa-f])(?:0x)?[0-9A-Fa-f]{64}(?![0-9A-Fa-f])")
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
MAX_TEXT = 16_000


def redact(text: str) -> str:
    """`text` without signatures, tokens, credentials, URLs, keys and what follows their names."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    if _SPEAKS_OF_KEYS.search(text):
        text = _HEX32.sub(REDACTED, text)
    return text


def redact_members(members: Mapping[str, Any]) -> dict[str, Any]:
    """The same for named values: a secret's name hides its value, texts are cleaned."""
    return {name: _member(name, value) for name, value in members.items()}


def _member(name: str, value: Any) -> Any:
    if _SECRET_MEMBER.fullmatch(name):
        return REDACTED
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value)[:MAX_TEXT])


class JsonFormatter(logging.Formatter):
    """One JSON object per record: time, level, service, logger, message, request_id, extras, exception."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self._service = service

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": timestamp(record.created),
            "level": record.levelname,
            "service": self._service,
            "logger": record.name,
            "message": redact(record.getMessage()[:MAX_TEXT]),
        }
        if request_id := request_ids.current():
            line["request_id"] = request_id
        extras = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        line |= {name: value for name, value in redact_members(extras).items() if name not in line}
        if record.exc_info:
            line["exception"] = redact(self.formatException(record.exc_info)[-MAX_TEXT:])
        return json.dumps(line, default=str)


class _Stderr(logging.StreamHandler[Any]):
    """Writes to whatever sys.stderr is at that moment, each line in one write."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def configure_logging(service: str, level: str = "INFO") -> None:
    """Make the root logger write JSON lines. May be called again; the last call wins.

    Raises ValueError for an unknown level.
    """
    handler = _Stderr()
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.setLevel(level.upper())
    for old in [known for known in root.handlers if isinstance(known, _Stderr)]:
        root.removeHandler(old)
    root.addHandler(handler)
    logging.captureWarnings(True)
    # urllib3 names paths of what it fetches at lower levels; werkzeug prints query strings.
    for noisy in ("urllib3", "werkzeug"):
        logging.getLogger(noisy).setLevel(logging.ERROR)


def timestamp(seconds: float) -> str:
    """`2026-11-21T23:19:48.123Z`; the part down to the second is formatted once per second."""
    whole = int(seconds)
    if _second[0] != whole:
        _second[:] = [whole, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))]
    text = _second[1] if _second[0] == whole else time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole))
    return f"{text}.{int((seconds - whole) * 1000):03d}Z"


_second: list[Any] = [0, "1970-01-01T00:00:00"]
