"""The gateway without services behind it: limits and failures that need none."""

import contextlib
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from scripts.stack.config import StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.gateway import command, render
from scripts.stack.processes import answers
from tests.processes import end_group
from tests.waiting import wait_for


@contextlib.contextmanager
def gateway_alone(folder: Path, environment: Mapping[str, str], **ports: int) -> Iterator[str]:
    """nginx with our configuration; services have the ports given, else such as nobody listens on."""
    config = StackConfig(run_dir=folder, ports=replace(free_ports(), **ports), environment=dict(environment))
    conf = render(config)
    with (folder / "nginx.out").open("wb") as log:
        process = subprocess.Popen(command(conf), stdout=log, stderr=log, start_new_session=True)
    try:
        live = f"{config.gateway_url}/health/live"
        wait_for(lambda: process.poll() is not None or answers(live, (200, 429)), live)
        assert process.poll() is None, (folder / "nginx.out").read_text()
        yield config.gateway_url
    finally:
        end_group(process)
