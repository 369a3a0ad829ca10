"""A job's output as one text, read on from any character."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.layout import STDERR, STDOUT, stream_rank
from services.compute.domain.quotas import Quotas
from services.compute.domain.spec import Role, Task
from services.compute.domain.states import State
from services.compute.usecases.job_text import JobText
from tests.fakes.compute_jobs import NOW, new_job, spec
from tests.fakes.compute_store import MemoryJobStore

QUOTAS = Quotas()
SPLIT = Task(command=("true",), split_logs=True)
ROLES = (Role(tasks=(SPLIT, SPLIT)), Role(name="sidecar-2", tasks=(SPLIT,), sidecar=True))


class Streams:
    """The port Logs over texts in memory, in pieces of `size` bytes."""

    def __init__(self, size: int = 3, **streams: bytes) -> None:
        self._streams = {name.replace("_", "."): data for name, data in streams.items()}
        self._size = size
        self.asked: list[tuple[str, int]] = []
        self.gone: set[str] = set()

    def streams(self, uid: str, attempt: int) -> Sequence[str]:
        self.asked.append((uid, attempt))
        return sorted(self._streams, key=stream_rank)

    def size(self, uid: str, attempt: int, stream: str) -> int:
        return len(self._streams[stream])

    def read(self, uid: str, attempt: int, stream: str, start: int, length: int) -> bytes:
        return self._streams[stream][start : start + length]

    def chunks(
        self, uid: str, attempt: int, stream: str, start: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        if stream in self.gone:
            raise OutputNotFound(stream)
        data = self._streams[stream]
        return iter([data[at : at + self._size] for at in range(0, len(data), self._size)])


def job_of(state: State = State.SUCCEEDED, attempt: int = 1, roles: tuple[Role, ...] = ROLES) -> Job:
    job = MemoryJobStore().submit(new_job(spec=spec(roles=roles)), QUOTAS, NOW).job
    return replace(job, state=state, attempt=attempt)


def text_of(streams: Streams, job: Job, kind: str = STDOUT, lane: int = 0, skip: int = 0) -> bytes:
    return b"".join(JobText(streams).open(job, kind, lane, skip))


def test_tasks_come_one_after_another_and_kinds_apart() -> None:
    streams = Streams(main_0_1_stdout=b"two\n", main_0_0_stdout=b"one\n", main_0_0_stderr=b"oh\n")
    assert text_of(streams, job_of()) == b"one\ntwo\n"
    assert text_of(streams, job_of(), STDERR) == b"oh\n"


def test_tries_of_a_task_come_before_the_next_task() -> None:
    streams = Streams(main_0_0_stdout=b"1", main_0_2_stdout=b"1 again", main_0_1_stdout=b"2")
    assert text_of(streams, job_of()) == b"11 again2"


def test_what_sidecars_and_the_service_say_is_left_out() -> None:
    streams = Streams(main_0_0_stdout=b"1", staging=b"x", **{"sidecar-2_0_0_stdout": b"y"})
    assert text_of(streams, job_of()) == b"1"
    with pytest.raises(OutputNotFound):
        text_of(streams, job_of(), lane=1)


def test_a_stream_of_both_counts_as_output() -> None:
    roles = (Role(tasks=(Task(command=("true",)),)),)
    streams = Streams(main_0_0_output=b"both")
    assert text_of(streams, job_of(roles=roles)) == b"both"
    assert text_of(streams, job_of(roles=roles), STDERR) == b""


def test_lanes_are_counted_over_roles() -> None:
    roles = (Role(name="ps", tasks=(SPLIT,)), Role(name="worker", tasks=(SPLIT,), count=2))
    streams = Streams(ps_0_0_stdout=b"ps", worker_0_0_stdout=b"w0", worker_1_0_stdout=b"w1")
    job = job_of(roles=roles)
    assert [text_of(streams, job, lane=lane) for lane in range(3)] == [b"ps", b"w0", b"w1"]
    for lane in (-1, 3):
        with pytest.raises(OutputNotFound):
            text_of(streams, job, lane=lane)


def test_a_job_that_never_began_has_said_nothing() -> None:
    streams = Streams(main_0_0_stdout=b"of nobody")
    assert text_of(streams, job_of(State.QUEUED, attempt=0)) == b""
    assert streams.asked == []


def test_the_current_attempt_is_read() -> None:
    streams, job = Streams(main_0_0_stdout=b"x"), job_of(attempt=3)
    text_of(streams, job)
    assert streams.asked == [(job.uid, 3)]


def test_a_stream_that_went_meanwhile_is_nothing() -> None:
    streams = Streams(main_0_0_stdout=b"1", main_0_1_stdout=b"2")
    streams.gone = {"main.0.0.stdout"}
    assert text_of(streams, job_of()) == b"2"


def test_a_half_character_waits_for_its_rest_while_the_job_runs() -> None:
    streams = Streams(main_0_0_stdout="aé".encode()[:-1])
    assert text_of(streams, job_of(State.RUNNING)) == b"a"
    assert text_of(streams, job_of(State.RUNNING), skip=1) == b""
    ended = job_of(State.FAILED)
    assert text_of(streams, ended) == "aé".encode()[:-1]
    assert text_of(streams, ended, skip=1) == "\ufffd".encode()


def test_bytes_of_an_ended_job_come_as_they_are() -> None:
    assert text_of(Streams(main_0_0_stdout=b"\xff\x00\xfe"), job_of()) == b"\xff\x00\xfe"


@given(data=st.binary(max_size=60), cuts=st.lists(st.integers(0, 60), max_size=4), size=st.integers(1, 9))
def test_a_client_that_reads_on_gets_every_character_once(data: bytes, cuts: list[int], size: int) -> None:
    """As the command line follows: it decodes what came, and asks from so many characters on."""
    seen = ""
    for upto in [*sorted(cut for cut in cuts if cut <= len(data)), len(data)]:
        streams = Streams(size, main_0_0_stdout=data[:upto])
        seen += text_of(streams, job_of(State.RUNNING), skip=len(seen)).decode(errors="replace")
    seen += text_of(Streams(size, main_0_0_stdout=data), job_of(), skip=len(seen)).decode(errors="replace")
    assert seen == data.decode(errors="replace")
