"""The unmodified command line of DiracX, with a credentials file of its own."""

import json
import os
import queue
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.stack.config import REPO
from tests.e2e.browser import Browser

CODE = re.compile(r"[B-Z]{4}-[B-Z]{4}")


@dataclass
class Dirac:
    """Before the gateway at `gateway`."""

    gateway: str
    home: Path

    @property
    def credentials(self) -> Path:
        return self.home / "credentials.json"

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
            "COLUMNS": "400",
            "DIRACX_URL": f"{self.gateway}/dirac/",
            "DIRACX_CREDENTIALS_PATH": str(self.credentials),
        }

    def argv(self, *arguments: str) -> list[str]:
        return [str(REPO / ".clients" / "diracx-cli" / "bin" / "dirac"), *arguments]

    def run(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def login(self, browser: Browser, *arguments: str, decision: str = "allow") -> tuple[int, str]:
        """Exit code and what was printed; somebody answers in `browser` as soon as there is a code."""
        printed: list[str] = []
        codes: queue.Queue[str] = queue.Queue()
        argv = self.argv("login", *arguments)
        with subprocess.Popen(
            argv, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:

            def read() -> None:
                for line in process.stdout or ():
                    printed.append(line)
                    if found := CODE.search(line):
                        codes.put(found[0])
                codes.put("")

            reader = threading.Thread(target=read)
            reader.start()
            try:
                code = codes.get(timeout=60)
                assert code, "".join(printed)
                browser.connect_device(code, decision)
                process.wait(60)
            finally:
                process.kill()
                reader.join()
        return process.returncode, "".join(printed)

    def stored(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.credentials.read_text())
        return found

    def store(self, credentials: dict[str, Any]) -> None:
        self.credentials.write_text(json.dumps(credentials))

    def whoami(self) -> "subprocess.CompletedProcess[str]":
        return self.run("whoami")
