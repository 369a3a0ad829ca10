"""Kept files in the order they are shown."""

from services.compute.domain.job import Stored, in_order
from services.compute.domain.layout import stream_rank
from tests.fakes.compute_jobs import kept


def test_streams_are_in_the_order_of_the_jobs_life() -> None:
    streams = [
        "staging",
        "main.2.0.output",
        "main.10.0.output",
        "main.10.1.stderr",
        "main.10.1.stdout",
        "worker.0.0.output",
        "publishing",
        "what is no stream",
        "x.y",
    ]
    assert sorted(reversed(streams), key=stream_rank) == streams


def test_outputs_come_before_logs() -> None:
    files = [kept("staging", kind=Stored.LOG), kept("z"), kept("a/b"), kept("publishing", kind=Stored.LOG)]
    assert [file.path for file in in_order(files)] == ["a/b", "z", "staging", "publishing"]
