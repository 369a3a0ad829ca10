"""OpenPAI: how often a job's status is told, and whether simultaneous readers get what they asked for."""

import re
import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Final

from libs.client.gateway import Gateway
from scripts.bench import jobs, measure
from scripts.bench.jobs import Figure
from scripts.stack.config import StackConfig

BASE: Final = "/api/job"
NAMES: Final = ("benchLeft", "benchRight")
READERS: Final = 200
EACH: Final = 12
TARGET: Final = 1000
_NAME: Final = re.compile(r'"name":"([^"]+)"')


def run(config: StackConfig, token: str, folder: Path, seconds: float) -> Iterator[Figure]:
    """The jobs wait: the worker is stopped. Readers have no token, as people who look have none."""
    gateway = Gateway(config.gateway_url, lambda: token)
    role = {"name": "w", "taskNumber": 1, "memoryMB": 128, "command": "true"}
    with jobs.without_worker(config):
        for name in NAMES:
            body = {"jobName": name, "image": "python:3.11", "taskRoles": [role]}
            gateway.json("PUT", f"{BASE}/{name}", body)
        lanes = [[measure.Request(f"{BASE}/{NAMES[0]}")]] * measure.CONNECTIONS
        result = measure.replay(config.gateway_url, folder, "openpai-status", lanes, seconds, loop=True)
        yield Figure("OpenPAI: status of a job", result["rate"], TARGET)
        found = wrong_answers(config.ports.gateway)
        yield Figure(f"OpenPAI: wrong ones of {READERS * EACH:,} answers", found, 0, "", at_most=True)


def wrong_answers(port: int) -> int:
    """Of so many readers at once, each of whom reads one of two jobs again and again."""
    start = threading.Barrier(READERS)
    wrong: list[str] = []

    def read(name: str) -> None:
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        start.wait()
        for _ in range(EACH):
            connection.request("GET", f"{BASE}/{name}")
            reply = connection.getresponse()
            found = _NAME.search(reply.read().decode())
            if reply.status != 200 or found is None or found[1] != name:
                wrong.append(name)
        connection.close()

    threads = [threading.Thread(target=read, args=(NAMES[number % 2],)) for number in range(READERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(wrong)
