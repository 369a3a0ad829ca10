"""Telling of ends: what goes out, what is tried again, what is given up."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from services.compute.domain.errors import FilesUnavailable
from services.compute.domain.notices import Means, Notice
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.mail import MailRefused, MailUnavailable
from services.compute.ports.notices import DueNotice
from services.compute.ports.outside import OutsideRefused, OutsideUnavailable
from services.compute.worker.herald import BROKE, MOST_TRIES, NO_MAIL, Herald
from services.compute.worker.shelving import ShelvingRefused
from tests.fakes.compute_clock import PlannedClock
from tests.fakes.compute_ends import MemoryOutbox

UID, ALICE = "a" * 32, "person:alice"
BODY: Mapping[str, Any] = {
    "kind": "job", "id": 7, "uid": UID, "name": "pi", "state": "failed",
    "reason": {"code": "command_failed", "sentence": "It ended with 3.", "advice": "Read the log."},
}  # fmt: skip
HOOK = Notice(means=Means.WEBHOOK, url="https://example.org/hook", secret="s3cret")
LETTER = Notice(means=Means.EMAIL)


class Receiver:
    """Answers with the statuses it is given, in order; the last one for ever."""

    def __init__(self, *answers: int | Exception) -> None:
        self.answers = list(answers)
        self.got: list[tuple[str, bytes, dict[str, str]]] = []

    def open(self, url: str) -> Iterator[bytes]:
        raise NotImplementedError

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.got.append((url, body, dict(headers)))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Post:
    def __init__(self, *, error: Exception | None = None) -> None:
        self.sent: list[tuple[str, str, str]] = []
        self.error = error

    def address_of(self, owner: str) -> str:
        return f"{owner.removeprefix('person:')}@example.org"

    def send(self, address: str, subject: str, text: str) -> None:
        if self.error is not None:
            raise self.error
        self.sent.append((address, subject, text))


class Desk:
    def __init__(self, *answers: int | Exception, mail: Post | None = None, notice: Notice = HOOK) -> None:
        self.clock = PlannedClock()
        self.outbox = MemoryOutbox(lambda uid: {**BODY, "uid": uid}, lambda _: ALICE)
        self.receiver = Receiver(*(answers or (200,)))
        self.herald = Herald(self.outbox, self.receiver, mail, self.clock)
        self.outbox.add(notice, UID)

    def end(self) -> None:
        self.outbox.tell(UID, self.clock.now())


def test_nothing_is_told_before_the_end_and_then_once() -> None:
    desk = Desk()
    assert desk.herald.deliver() == 0
    desk.end()
    assert desk.herald.deliver() == 1
    desk.clock.move(1e6)
    assert desk.herald.deliver() == 0
    ((url, body, _),) = desk.receiver.got
    assert (url, json.loads(body)) == (HOOK.url, dict(BODY))
    assert (desk.outbox.rows[0].problem, desk.outbox.rows[0].settled_at is None) == (None, False)


def test_the_catalogue_is_told_again_until_it_answers_and_never_after_a_refusal() -> None:
    troubles: list[Exception | None] = [CatalogueUnavailable("away"), FilesUnavailable(), None]
    asked: list[DueNotice] = []

    def shelve(due: DueNotice) -> None:
        asked.append(due)
        trouble = troubles.pop(0)
        if trouble is not None:
            raise trouble

    notice = Notice(means=Means.CATALOGUE, url="/vo/", address="*")
    desk = Desk(notice=notice)
    desk.herald = Herald(desk.outbox, desk.receiver, None, desk.clock, shelve)
    desk.end()
    while desk.outbox.rows[0].settled_at is None:
        desk.herald.deliver()
        desk.clock.move(3600)
    assert (len(asked), desk.outbox.rows[0].problem, desk.receiver.got) == (3, None, [])
    refused = Desk(notice=notice)
    troubles.append(ShelvingRefused("another file"))
    refused.herald = Herald(refused.outbox, refused.receiver, None, refused.clock, shelve)
    refused.end()
    refused.herald.deliver()
    assert refused.outbox.rows[0].problem == "another file"


def test_a_webhook_is_signed_as_the_specification_says() -> None:
    desk = Desk()
    desk.end()
    desk.herald.deliver()
    ((_, body, headers),) = desk.receiver.got
    number, moment = headers["webhook-id"], headers["webhook-timestamp"]
    proof = hmac.digest(b"s3cret", f"{number}.{moment}.".encode() + body, hashlib.sha256)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(proof).decode()
    assert moment == str(int(desk.clock.now()))
    assert b"s3cret" not in body


def test_a_secret_of_the_specifications_own_form_is_its_bytes() -> None:
    secret = "whsec_" + base64.b64encode(b"key").decode()
    desk = Desk(notice=Notice(means=Means.WEBHOOK, url=HOOK.url, secret=secret))
    desk.end()
    desk.herald.deliver()
    ((_, body, headers),) = desk.receiver.got
    named = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    proof = hmac.digest(b"key", named, hashlib.sha256)
    assert headers["webhook-signature"] == "v1," + base64.b64encode(proof).decode()


def test_without_a_secret_there_is_no_signature() -> None:
    desk = Desk(notice=Notice(means=Means.WEBHOOK, url=HOOK.url))
    desk.end()
    desk.herald.deliver()
    assert "webhook-signature" not in desk.receiver.got[0][2]


@pytest.mark.parametrize(
    "trouble", [500, 429, 302, OutsideUnavailable("away")], ids=["500", "429", "302", "away"]
)
def test_what_did_not_arrive_is_tried_again_under_the_same_name(trouble: int | Exception) -> None:
    desk = Desk(trouble, trouble, 204)
    desk.end()
    waits = []
    while desk.outbox.rows[0].settled_at is None:
        desk.herald.deliver()
        due = desk.outbox.rows[0].due_at
        if due is not None:
            waits.append(due - desk.clock.now())
            desk.clock.move(due - desk.clock.now())
    assert len(desk.receiver.got) == 3
    assert waits[0] < waits[1]
    assert len({headers["webhook-id"] for _, _, headers in desk.receiver.got}) == 1


@pytest.mark.parametrize("answer", [410, OutsideRefused("no such address")], ids=["gone", "refused"])
def test_who_wants_no_more_is_left_alone(answer: int | Exception) -> None:
    desk = Desk(answer)
    desk.end()
    desk.herald.deliver()
    desk.clock.move(1e6)
    assert desk.herald.deliver() == 0
    assert desk.outbox.rows[0].problem


def test_nobody_is_tried_for_ever() -> None:
    desk = Desk(500)
    desk.end()
    for _ in range(MOST_TRIES + 5):
        desk.herald.deliver()
        desk.clock.move(1e6)
    assert len(desk.receiver.got) == MOST_TRIES
    assert desk.outbox.rows[0].problem == "the receiver answered 500"


def test_a_letter_says_what_became_of_it() -> None:
    post = Post()
    desk = Desk(mail=post, notice=LETTER)
    desk.end()
    desk.herald.deliver()
    ((address, subject, text),) = post.sent
    assert (address, subject) == ("alice@example.org", "job pi: failed")
    assert text == "Your job pi (id 7) has ended: failed.\n\nIt ended with 3.\nRead the log.\n"


def test_letters_wait_for_the_server_and_are_given_up_without_one() -> None:
    waits = Desk(mail=Post(error=MailUnavailable("away")), notice=LETTER)
    waits.end()
    waits.herald.deliver()
    assert (waits.outbox.rows[0].problem, waits.outbox.rows[0].settled_at) == ("away", None)
    refused = Desk(mail=Post(error=MailRefused("no such person")), notice=LETTER)
    none = Desk(notice=LETTER)
    for desk, said in ((refused, "no such person"), (none, NO_MAIL)):
        desk.end()
        desk.herald.deliver()
        assert (desk.outbox.rows[0].problem, desk.outbox.rows[0].due_at) == (said, None)


def test_what_breaks_one_keeps_nobody_behind_it_from_being_told() -> None:
    desk = Desk(ZeroDivisionError("a fault"), 200)
    desk.outbox.add(HOOK, "b" * 32)
    desk.end()
    desk.outbox.tell("b" * 32, desk.clock.now())
    assert desk.herald.deliver() == 2
    assert [json.loads(body)["uid"] for _, body, _ in desk.receiver.got] == [UID, "b" * 32]
    assert [row.settled_at is None for row in desk.outbox.rows] == [True, False]
    for _ in range(MOST_TRIES):
        desk.receiver.answers = [ZeroDivisionError("a fault")]
        desk.clock.move(1e5)
        desk.herald.deliver()
    assert (desk.outbox.rows[0].problem, desk.outbox.rows[0].settled_at is None) == (BROKE, False)
