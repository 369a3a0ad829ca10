"""SQLite's write-ahead log, switched on by whoever opens a new file first."""

import sqlite3
import time
from typing import Any

RETRY_SECONDS = 0.02


def use_wal(connection: Any, wait_seconds: float) -> None:
    """Put the file into WAL mode; it stays there for good.

    The switch wants the file for itself, and SQLite does not wait for that as it does for other locks: of
    workers that start at once on a new file, the others were refused. Raises sqlite3.OperationalError when
    somebody has the file for longer.
    """
    until = time.monotonic() + wait_seconds
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() >= until:
                raise
        time.sleep(RETRY_SECONDS)
