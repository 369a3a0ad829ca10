"""A Docker Engine of the test's own, to be killed: in a folder and a network of its own, for root only."""

import os
import signal
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import docker
import docker.errors

from tests.docker.runs import SHELL
from tests.waiting import wait_for


@dataclass(slots=True)
class OwnDockerd:
    folder: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"unix://{self.folder}/docker.sock"

    def start(self) -> None:
        """Returns when it answers. In the machine's own network it would take the bridge away."""
        names = ("docker.pid", "exec/containerd/containerd.pid")
        for name in names:  # of processes that this test killed
            (self.folder / name).unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.processes.append(
                subprocess.Popen(
                    [
                        *("unshare", "--net", "--mount", "dockerd", "--bridge=none", "--iptables=false"),
                        *(f"--host={self.url}", f"--data-root={self.folder}/data"),
                        *(f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/docker.pid"),
                    ],
                    stdout=log,
                    stderr=log,
                    env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"},
                )
            )
        wait_for(self._answers, f"dockerd; its log: {self.folder}/log")

    def load(self) -> None:
        """The shell image, from the machine's own engine."""
        source = docker.APIClient(version="auto")
        target = docker.APIClient(self.url, version="auto")
        for _ in target.load_image(b"".join(source.get_image(SHELL.name))):
            pass
        source.close()
        target.close()

    def kill(self) -> None:
        """As the machine's memory killer would: dockerd and its containerd, not the containers."""
        children = [int(line) for line in _children(self.processes[-1].pid)]
        self.processes[-1].kill()
        self.processes[-1].wait()
        for child in children:
            os.kill(child, signal.SIGKILL)

    def stop(self) -> None:
        self.processes[-1].terminate()
        self.processes[-1].wait(60)

    def _answers(self) -> bool:
        assert self.processes[-1].poll() is None, (self.folder / "log").read_text()[-2000:]
        if not (self.folder / "docker.sock").exists():
            return False
        done = subprocess.run(["docker", f"--host={self.url}", "version"], capture_output=True)
        return done.returncode == 0


def _children(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()
