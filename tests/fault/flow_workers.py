"""Workers on PostgreSQL that are made to be killed: see job_workers.py."""

import sys
from pathlib import Path

from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from tests.fault.job_workers import Yard, serve


class PostgresYard(Yard):
    """Where its database is stands in a file of its folder, for the workers too."""

    workers = "tests.fault.flow_workers"

    @classmethod
    def at(cls, folder: Path, url: str) -> "PostgresYard":
        (folder / "url").write_text(url)
        return cls(folder)

    def store(self) -> SqlJobStore:
        return open_store((self.folder / "url").read_text())


if __name__ == "__main__":
    serve(PostgresYard(Path(sys.argv[1])))
