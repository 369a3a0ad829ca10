"""Files of workers that are gone: their counts stay, their gauges and the files go."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client.mmap_dict import MmapedDict, mmap_key

from libs.web import metrics


def write(file: Path, kind: str, value: float, label: str = "a") -> None:
    values = MmapedDict(str(file))
    key = mmap_key(f"trial_{kind}", f"trial_{kind}_total", ["who"], [label], "Trial.")
    values.write_value(key, value, 0.0)
    values.close()


@pytest.fixture
def dead_pid() -> int:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "metrics"))
    made = metrics.multiprocess_folder()
    assert made is not None
    return made


def test_the_folder_is_made_when_missing(folder: Path) -> None:
    assert folder.is_dir()


def test_counts_of_the_dead_are_added_up_and_stay(folder: Path, dead_pid: int) -> None:
    write(folder / f"counter_{os.getpid()}.db", "counter", 1)
    write(folder / f"counter_{dead_pid}.db", "counter", 10)
    assert b'trial_counter_total{who="a"} 11.0' in metrics.render()
    assert not (folder / f"counter_{dead_pid}.db").exists()
    write(folder / f"counter_{dead_pid}.db", "counter", 100)
    write(folder / f"counter_{dead_pid}.db", "counter", 5, label="b")
    shown = metrics.render()
    assert b'trial_counter_total{who="a"} 111.0' in shown
    assert b'trial_counter_total{who="b"} 5.0' in shown
    assert sorted(file.name for file in folder.glob("*.db")) == [
        f"counter_{os.getpid()}.db", "counter_archive.db",
    ]  # fmt: skip


def test_a_starting_app_tidies_without_being_scraped(folder: Path, dead_pid: int) -> None:
    write(folder / f"counter_{dead_pid}.db", "counter", 10)
    metrics.tidy()
    assert [file.name for file in folder.glob("*.db")] == ["counter_archive.db"]


def test_gauges_of_the_dead_go(folder: Path, dead_pid: int) -> None:
    write(folder / f"gauge_liveall_{dead_pid}.db", "gauge", 3)
    write(folder / f"gauge_liveall_{os.getpid()}.db", "gauge", 4)
    assert b"3.0" not in metrics.render()
    assert [file.name for file in folder.glob("gauge*.db")] == [f"gauge_liveall_{os.getpid()}.db"]


def test_files_of_living_workers_are_left_alone(folder: Path) -> None:
    write(folder / "counter_1.db", "counter", 2)
    assert b'trial_counter_total{who="a"} 2.0' in metrics.render()
    assert (folder / "counter_1.db").exists()


def test_without_the_setting_one_process_speaks_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    assert metrics.multiprocess_folder() is None
    assert b"python_info" in metrics.render()
