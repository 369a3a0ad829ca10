"""Callers who submit jobs with idempotency keys to a deployment of several services, and who come again."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import requests

JOBS = "/tidegate/v1/jobs"
SECONDS = 30
PATIENCE_SECONDS = 60.0
PAUSE_SECONDS = 0.02
IN_FLIGHT = "key_in_flight"


class Caller:
    """One thread's. `answers` are the uids that each key was answered with, in all its answers."""

    def __init__(self, token: str, answers: dict[str, list[str]], lock: threading.Lock) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        self._answers = answers
        self._lock = lock
        self.broken = 0  # requests whose answer never came

    def submit(self, urls: Sequence[str], key: str, document: dict[str, Any]) -> str:
        """Asks until there is an answer, at each of `urls` in turn. The job's uid."""
        answer = self._insist("POST", urls, JOBS, json=document, headers={"Idempotency-Key": key})
        assert answer.status_code == 201, answer.text
        uid = str(answer.json()["uid"])
        with self._lock:
            self._answers.setdefault(key, []).append(uid)
        return uid

    def change(self, method: str, urls: Sequence[str], path: str) -> requests.Response:
        return self._insist(method, urls, JOBS + path)

    def _insist(self, method: str, urls: Sequence[str], path: str, **sent: Any) -> requests.Response:
        until = time.monotonic() + PATIENCE_SECONDS
        for turn in range(1_000_000):
            assert time.monotonic() < until, f"{method} {path} was never answered"
            try:
                answer = self._session.request(method, urls[turn % len(urls)] + path, timeout=SECONDS, **sent)
            except requests.ConnectionError:
                self.broken += 1
                time.sleep(PAUSE_SECONDS)
                continue
            if answer.status_code not in (409, 503) or not _is_for_later(answer):
                return answer
            time.sleep(PAUSE_SECONDS)
        raise AssertionError("unreachable")


def _is_for_later(answer: requests.Response) -> bool:
    return answer.status_code == 503 or answer.json()["code"] == IN_FLIGHT
