"""Log lines: one per record whatever the message holds, and no secret in any of them."""

import json
import logging
from collections.abc import Iterator

import pytest

from libs.web import logs, request_ids

SIGNATURE = "0x" + "a1" * 65
KEY = "0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215"
TX = "0x" + "0f" * 32
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDM2MDB9.TIlWgbUU3Sf0qiN1uMG0oT3BfSJEj6OJ"
OPAQUE = "Ab1_-" * 8 + "xyz"  # 32 bytes in base64url: tokens, codes, secrets of keys
URL = "https://bucket.example/private/file.csv?X-Amz-Signature=deadbeef"


@pytest.fixture
def service() -> Iterator[str]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    logs.configure_logging("trial", "DEBUG")
    yield "trial"
    root.handlers[:], root.level = before, level
    logging.captureWarnings(False)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"bad signature {SIGNATURE} for A", SIGNATURE),
        (f"signature={SIGNATURE[2:]}", SIGNATURE[2:]),
        ('{"signature": "short-but-secret"}', "short-but-secret"),
        ("{'AuthToken': 'short-but-secret', 'a': 1}", "short-but-secret"),
        ("password: hunter2", "hunter2"),
        ("the passphrase is hunter2", "hunter2"),
        ("secret=hunter2&a=1", "hunter2"),
        ("EGRESS_KEY=hunter2", "hunter2"),
        ("api-key: hunter2", "hunter2"),
        (f"header {TOKEN} seen", TOKEN),
        (f"AuthToken {TOKEN}", "eyJleHAiOjE3MDAwMDM2MDB9"),
        (f"Authorization: Bearer {TOKEN}", "eyJ"),
        ("Authorization: Basic cHJvdmlkZXI6c2VjcmV0", "cHJvdmlkZXI6c2VjcmV0"),
        (f"cannot fetch {URL}", "bucket.example"),
        (f'"{URL}"', "X-Amz"),
        ("postgresql://user:hunter2@db/x refused", "hunter2"),
        ("GET /ddo/http:/bucket.example/a.csv", "bucket.example"),  # slashes merged on the way
        ("wss://node.example/v3/0123456789abcdef", "0123456789abcdef"),
        (f"GET /jobs/{OPAQUE}/x", OPAQUE),
        (f"no such key 0123456789abcdef0123.{OPAQUE}", OPAQUE),
        (f"could not import private key {KEY}", KEY[2:]),
        (f"bad key {KEY[2:]}", KEY[2:]),
        ("mnemonic='taxi music thumb unique chat sand crew more leg another off lamp'", "thumb"),
    ],
)
def test_secrets_do_not_reach_the_log(text: str, secret: str) -> None:
    assert secret not in logs.redact(text)


@pytest.mark.parametrize(
    "text",
    [
        f"order {TX} is pending",
        "did:op:88fbc1d4bacb645f72250dd5e9427e42093f8c819de0cc1c916b34c95576202a",
        "0xe08A1dAe983BC701D05E492DB80e0144f8f4b909 asked for chain 8996",
        "block 12 of 13: 4 events, 0.25 s",
    ],
)
def test_what_people_need_to_find_a_fault_stays(text: str) -> None:
    assert logs.redact(text) == text


def test_a_record_is_one_json_line(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    request_ids.bind("request-12345")
    logging.getLogger("a.b").warning("disk %s", "full", extra={"job_id": 7, "signature": "abc", "url": URL})
    request_ids.clear()
    line = json.loads(capsys.readouterr().err)
    assert line["message"] == "disk full"
    assert (line["level"], line["service"], line["logger"]) == ("WARNING", "trial", "a.b")
    assert (line["request_id"], line["job_id"]) == ("request-12345", 7)
    assert line["signature"] == logs.REDACTED
    assert "bucket" not in line["url"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\u2028", "\x85", "\x0b", "\x1b[2J"])
def test_a_message_cannot_forge_a_line(service: str, capsys: pytest.CaptureFixture[str], ending: str) -> None:
    forged = '{"level": "ERROR", "message": "forged"}'
    logging.getLogger("a").info("user said %s", f"x{ending}{forged}", extra={"did": f"y{ending}{forged}"})
    written = capsys.readouterr().err
    assert written.endswith("\n")
    assert len(written.splitlines()) == 1
    assert written.isascii()
    assert json.loads(written)["level"] == "INFO"


def test_a_record_cannot_replace_the_lines_own_members(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("a").info("hello", extra={"service": "other", "level": "DEBUG", "time": "never"})
    line = json.loads(capsys.readouterr().err)
    assert (line["service"], line["level"]) == ("trial", "INFO")


def test_exceptions_are_logged_without_their_secrets(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        raise ValueError(f"cannot open {URL} with signature {SIGNATURE}")
    except ValueError:
        logging.getLogger("a").exception("failed")
    written = capsys.readouterr().err
    assert len(written.splitlines()) == 1
    assert "ValueError" in json.loads(written)["exception"]
    assert "bucket" not in written
    assert SIGNATURE not in written


def test_configuring_twice_does_not_double_the_lines(
    service: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure_logging("again")
    logging.getLogger("a").info("once")
    assert [json.loads(line)["service"] for line in capsys.readouterr().err.splitlines()] == ["again"]


def test_libraries_that_name_paths_are_quiet(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger("urllib3.connectionpool").warning("GET /private/file?signature=abc")
    assert capsys.readouterr().err == ""


def test_an_unknown_level_is_refused() -> None:
    with pytest.raises(ValueError, match="LOUD"):
        logs.configure_logging("trial", "loud")


def test_times_are_utc_with_milliseconds() -> None:
    assert logs.timestamp(1_700_000_000.25) == "2023-11-14T22:13:20.250Z"
    assert logs.timestamp(1_700_000_001.9999) == "2023-11-14T22:13:21.999Z"
    assert logs.timestamp(1_700_000_000.0) == "2023-11-14T22:13:20.000Z"


def test_redaction_takes_time_in_proportion_to_the_text() -> None:
    for text in (
        "a" * 16_000,
        "token" * 3_000,
        "0x" + "a" * 16_000,
        "eyJ" * 5_000,
        "://" * 5_000,
        "a:" * 8_000,
    ):
        logs.redact(text)
