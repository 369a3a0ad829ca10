"""Workers that end when told: which process is meant, and that each service asks for it in time."""

import ast
import signal
from pathlib import Path

import pytest

from libs.web.worker import end_when_told

REPO = Path(__file__).resolve().parents[4]


def test_a_process_that_is_no_worker_keeps_its_handlers() -> None:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    end_when_told()
    assert [signal.getsignal(number) for number in numbers] == before


@pytest.mark.parametrize("service", ["auth", "provider", "catalogue", "compute"])
def test_a_worker_of_each_service_can_end_before_its_imports_take_time(service: str) -> None:
    source = (REPO / "services" / service / "wsgi.py").read_text()
    body = [ast.unparse(node) for node in ast.parse(source).body[1:]]
    assert body[:3] == ["import os", "from libs.web.worker import end_when_told, settle", "end_when_told()"]
    assert body[-1] == "settle()"
