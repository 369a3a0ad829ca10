"""Tells whoever wanted to know that a job or a workflow has ended: signed webhooks, letters, and the file
catalogue, which names what jobs made.

A webhook is a POST of a JSON document with the headers of the Standard Webhooks specification: `webhook-id`
(the same at every try), `webhook-timestamp`, and with a secret `webhook-signature: v1,<base64 of HMAC-SHA256
of id.timestamp.body>`. Any 2xx answer counts as received; everything else is tried again for a day, but for
addresses that the guard refuses and a 410, which asks for no more.
"""

import base64
import hashlib
import hmac
import json
import logging
import threading
from collections.abc import Mapping
from typing import Any, Final

from services.compute.domain.errors import FilesUnavailable, StoreUnavailable
from services.compute.domain.notices import Means
from services.compute.ports import Clock
from services.compute.ports.lfns import CatalogueUnavailable
from services.compute.ports.mail import Mail, MailRefused, MailUnavailable
from services.compute.ports.notices import DueNotice, Outbox
from services.compute.ports.outside import Outside, OutsideRefused, OutsideUnavailable
from services.compute.worker.shelving import Shelve, ShelvingRefused

log = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
TAKEN_SECONDS: Final = 120.0  # until another worker tries what this one took and never settled
LIMIT: Final = 20
MOST_TRIES: Final = 12
FIRST_PAUSE_SECONDS: Final = 10.0
LONGEST_PAUSE_SECONDS: Final = 4 * 3600.0
NO_MAIL: Final = "this gateway has no mail server"
BROKE: Final = "it cannot be told, by a fault of this gateway"
NO_CATALOGUE: Final = "this gateway has no file catalogue"
_GONE: Final = 410
_WHSEC: Final = "whsec_"


class Herald:
    """`mail` None: letters are given up, with that as the problem. `shelve` registers outputs."""

    def __init__(
        self, outbox: Outbox, outside: Outside, mail: Mail | None, clock: Clock, shelve: Shelve | None = None
    ) -> None:
        self._outbox = outbox
        self._shelve = shelve
        self._outside = outside
        self._mail = mail
        self._clock = clock
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="herald", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def deliver(self) -> int:
        """What is due now; how many were tried. Raises StoreUnavailable."""
        now = self._clock.now()
        due = self._outbox.due_notices(now, now + TAKEN_SECONDS, LIMIT)
        for notice in due:
            self._tell(notice)
        return len(due)

    def _run(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                while self.deliver() == LIMIT and not self._stop.is_set():
                    pass
            except StoreUnavailable:
                log.warning("notices wait for the store")
            except Exception:  # the edge of the thread: what was taken is due again by itself
                log.exception("telling of ends broke")

    def _tell(self, due: DueNotice) -> None:
        try:
            problem = self._sent(due)
        except (OutsideRefused, MailRefused, ShelvingRefused) as error:
            self._give_up(due, str(error))
            return
        except (OutsideUnavailable, MailUnavailable, CatalogueUnavailable, FilesUnavailable) as error:
            problem = str(error)
        except StoreUnavailable:
            raise
        except Exception:  # an edge: what breaks one must not keep those behind it from being told
            log.exception("telling of an end broke", extra={"of": due.body["uid"]})
            problem = BROKE
        if problem is None:
            self._outbox.settle_notice(due.id, None, self._clock.now())
        elif due.tries >= MOST_TRIES:
            self._give_up(due, problem)
        else:
            pause = min(FIRST_PAUSE_SECONDS * 3.0 ** (due.tries - 1), LONGEST_PAUSE_SECONDS)
            self._outbox.put_off_notice(due.id, self._clock.now() + pause, problem)

    def _sent(self, due: DueNotice) -> str | None:
        """What was wrong, when another try may help; None when it arrived."""
        if due.notice.means is Means.EMAIL:
            if self._mail is None:
                raise MailRefused(NO_MAIL)
            self._mail.send(due.notice.address or self._mail.address_of(due.owner), *_letter(due.body))
            return None
        if due.notice.means is Means.CATALOGUE:
            if self._shelve is None:
                raise ShelvingRefused(NO_CATALOGUE)
            self._shelve(due)
            return None
        body = json.dumps(due.body, separators=(",", ":")).encode()
        headers = signed(f"tidegate-{due.body['uid']}-{due.id}", self._clock.now(), body, due.notice.secret)
        status = self._outside.post(due.notice.url, body, headers)
        if 200 <= status < 300:
            return None
        if status == _GONE:
            raise OutsideRefused("the receiver wants no more (410)")
        return f"the receiver answered {status}"

    def _give_up(self, due: DueNotice, problem: str) -> None:
        self._outbox.settle_notice(due.id, problem, self._clock.now())
        log.warning("somebody could not be told", extra={"of": due.body["uid"], "problem": problem})


def signed(number: str, now: float, body: bytes, secret: str) -> dict[str, str]:
    """The headers of a webhook."""
    moment = str(int(now))
    headers = {"Content-Type": "application/json", "webhook-id": number, "webhook-timestamp": moment}
    if secret:
        proof = hmac.digest(_key(secret), f"{number}.{moment}.".encode() + body, hashlib.sha256)
        headers["webhook-signature"] = f"v1,{base64.b64encode(proof).decode()}"
    return headers


def _key(secret: str) -> bytes:
    """`whsec_` and base64, as the specification writes secrets, or any text."""
    if secret.startswith(_WHSEC):
        try:
            return base64.b64decode(secret.removeprefix(_WHSEC), validate=True)
        except ValueError:
            pass
    return secret.encode()


def _letter(body: Mapping[str, Any]) -> tuple[str, str]:
    """Subject and text. Names are one line of what can be shown: the description's check saw to it."""
    name = body["name"] or body["id"]
    reason = body["reason"]
    lines = [f"Your {body['kind']} {name} (id {body['id']}) has ended: {body['state']}."]
    if reason is not None:
        lines += ["", reason["sentence"], reason["advice"]]
    return f"{body['kind']} {name}: {body['state']}", "\n".join(lines) + "\n"
