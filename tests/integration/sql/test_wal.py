"""The switch to WAL on a file that somebody else has at that moment."""

import sqlite3
import threading
from pathlib import Path

import pytest

from libs.sql.wal import use_wal


def opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA busy_timeout = 100")
    return connection


def test_workers_that_open_a_new_file_at_once_wait_for_each_other(tmp_path: Path) -> None:
    holder, other = opened(tmp_path / "new.db"), opened(tmp_path / "new.db")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        use_wal(other, 0)  # in spite of the busy timeout
    waiting = threading.Thread(target=use_wal, args=(other, 60))
    waiting.start()
    holder.execute("COMMIT")
    waiting.join(60)
    assert not waiting.is_alive()
    assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    for connection in (holder, other):
        connection.close()


def test_another_mistake_is_not_tried_again(tmp_path: Path) -> None:
    file = tmp_path / "not.db"
    file.write_bytes(b"this is no database at all, whatever it is called" * 100)
    connection = opened(file)
    with pytest.raises(sqlite3.DatabaseError):
        use_wal(connection, 60)
    connection.close()
