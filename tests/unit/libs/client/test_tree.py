"""Steps of a workflow as a tree."""

from typing import Any

from libs.client.tree import progress, step_lines

COUNTS = {"total": 1, "succeeded": 0, "failed": 0, "unfinished": 0, "waiting": 1, "kept": 0}


def step(name: str, *after: str, state: str = "waiting", **counts: int) -> dict[str, Any]:
    return {"name": name, "after": list(after), "state": state, "jobs": {**COUNTS, **counts}}


def test_each_step_stands_once_below_what_it_waits_for_longest() -> None:
    steps = [
        step("fetch", state="succeeded", succeeded=1),
        step("sweep", "fetch", state="running", total=100, succeeded=40, failed=3, unfinished=12),
        step("plot", "sweep", "fetch"),
        step("report", "plot", "check"),
        step("check", "fetch"),
        step("alone", kept=1, succeeded=1, state="succeeded"),
    ]
    assert step_lines(steps) == [
        "fetch            succeeded  1/1",
        "├─ sweep         running    40/100, 3 failed, 12 under way",
        "│  └─ plot       waiting    0/1  (also after fetch)",
        "│     └─ report  waiting    0/1  (also after check)",
        "└─ check         waiting    0/1",
        "alone            succeeded  1/1, 1 kept",
    ]


def test_many_others_are_not_all_named() -> None:
    names = [f"s{number}" for number in range(6)]
    lines = step_lines([*map(step, names), step("end", *names)])
    assert lines[1] == "└─ end  waiting  0/1  (also after s1, s2, s3, ...)"


def test_long_chains_do_not_run_out_of_the_page() -> None:
    steps = [step("s0"), *(step(f"s{number}", f"s{number - 1}") for number in range(1, 5000))]
    lines = step_lines(steps)
    assert len(lines) == 5000
    assert max(map(len, lines)) < 100


def test_names_move_no_cursor() -> None:
    assert "\x1b" not in step_lines([step("a\x1b[2Jb")])[0]


def test_answers_that_make_no_sense_are_shown_all_the_same() -> None:
    assert len(step_lines([step("a", "b"), step("b", "a"), step("c", "nobody")])) <= 3
    assert step_lines([]) == []


def test_progress() -> None:
    assert progress({"total": 3, "succeeded": 3}) == "3/3"
