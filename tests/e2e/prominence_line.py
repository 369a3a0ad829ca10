"""PROMINENCE's unmodified command lines, both generations, each with a home of its own."""

import os
import queue
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from scripts.stack.config import REPO
from tests.e2e.browser import Browser
from tests.stack import Stack

PASSWORD = "correct horse battery"
NEWER, OLDER = "prominence", "prominence-cli"
CODE = re.compile(r"open the page (\S+) and enter the code ([B-Z]{4}-[B-Z]{4}) when requested")
# The older script has no commands for it; its library has the functions.
LIBRARY = "from prominence import auth; auth.{call}"


@dataclass
class CommandLine:
    """One generation of the client with a home of its own."""

    name: str
    stack: Stack
    home: Path
    base: str = "/prominence/v1"
    oidc_slash: str = ""

    def environment(self, **changes: str) -> dict[str, str]:
        services = self.stack.content["services"]
        assert isinstance(services, dict)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PYTHONUNBUFFERED": "1",
            "PROMINENCE_URL": self.stack.gateway + self.base,
            "PROMINENCE_OIDC_URL": services["auth"]["oidc"] + self.oidc_slash,
            **changes,
        }

    def argv(self, *arguments: str) -> list[str]:
        return [str(REPO / ".clients" / self.name / "bin" / "prominence"), *arguments]

    def python(self, call: str) -> list[str]:
        return [str(REPO / ".clients" / self.name / "bin" / "python"), "-c", LIBRARY.format(call=call)]

    def run(self, argv: list[str], **changes: str) -> "subprocess.CompletedProcess[str]":
        """In its home, where it also puts what it downloads."""
        return subprocess.run(
            argv,
            env=self.environment(**changes),
            cwd=self.home,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def register(self) -> "subprocess.CompletedProcess[str]":
        return self.run(self.argv("register") if self.name == NEWER else self.python("register_client()"))

    def login(self, browser: Browser) -> str:
        """Somebody enters the code in `browser` before the first poll; returns what was printed."""
        argv = self.argv("login") if self.name == NEWER else self.python("authenticate_user()")
        printed: list[str] = []
        lines: queue.Queue[str] = queue.Queue()
        with subprocess.Popen(
            argv, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as process:

            def read() -> None:
                for line in process.stdout or ():
                    printed.append(line)
                    lines.put(line)
                lines.put("")

            reader = threading.Thread(target=read)
            reader.start()
            try:
                found = CODE.search(lines.get(timeout=60))
                assert found is not None, "".join(printed)
                assert found[1] == f"{self.stack.gateway}/device"
                browser.connect_device(found[2])
                assert process.wait(60) == 0, "".join(printed)
            finally:
                process.kill()
                reader.join()
        return "".join(printed)

    def file(self, name: str) -> Path:
        return self.home / ".prominence" / name
