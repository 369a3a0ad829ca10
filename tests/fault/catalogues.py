"""Comparing what a catalogue serves with what a fresh index of the same chain serves."""

import contextlib
import json
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from scripts.stack import services
from scripts.stack import up as stack_commands
from scripts.stack.config import REPO, StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.processes import answers, start, stop, wait_until
from tests.stack import Stack


def documents(catalogue_url: str) -> dict[str, Any]:
    """Every served document by DID."""
    body = json.dumps({"query": {"match_all": {}}, "size": 1000}).encode()
    request = urllib.request.Request(
        f"{catalogue_url}/api/aquarius/assets/query", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as reply:
        hits = json.load(reply)["hits"]["hits"]
    return {hit["_id"]: hit["_source"] for hit in hits}


@contextlib.contextmanager
def fresh_index(stack: Stack, folder: Path) -> Iterator[str]:
    """A second catalogue and indexer with an empty database on the same chain; yields its URL."""
    ports = replace(stack.config.ports, catalogue=free_ports().catalogue, indexer=free_ports().indexer)
    config = replace(stack.config, run_dir=folder, ports=ports)
    (folder / "db").mkdir(parents=True, exist_ok=True)
    started = []
    try:
        for name in ("catalogue", "indexer"):
            environ = _environment(stack.config, config, name)
            process = start(name, services.command(config, name), environ, folder, REPO)
            started.append(name)
            url = f"http://127.0.0.1:{getattr(ports, name)}/health/ready"
            wait_until(process, lambda url=url: answers(url), "health")  # type: ignore[misc]
        yield config.service_url("catalogue")
    finally:
        for name in reversed(started):
            stop(folder, name)


def _environment(original: StackConfig, config: StackConfig, name: str) -> dict[str, str]:
    """The fresh pair shares chain, provider and secrets with the stack, and nothing else."""
    environ = services.environment(config, name)
    secret = services.environment(original, name)["SERVICE_SECRET_FILE"]
    return environ | {
        "SERVICE_SECRET_FILE": secret,
        "ADDRESS_FILE": str(stack_commands.address_file(original)),
    }


def wait_until_equal(catalogue_url: str, reference_url: str, at_least: int, seconds: float = 90) -> None:
    """Wait until both serve the same documents, to the last field; fails with the first difference."""
    deadline = time.monotonic() + seconds
    while True:
        served, wanted = documents(catalogue_url), documents(reference_url)
        if served == wanted and len(served) >= at_least:
            return
        assert time.monotonic() < deadline, _difference(served, wanted, at_least)
        time.sleep(0.2)


def _difference(served: dict[str, Any], wanted: dict[str, Any], at_least: int) -> str:
    if served.keys() != wanted.keys():
        return f"only served: {served.keys() - wanted.keys()}; only fresh: {wanted.keys() - served.keys()}"
    for did, document in served.items():
        if document != wanted[did]:
            return f"{did} differs:\n{json.dumps(document)[:2000]}\n{json.dumps(wanted[did])[:2000]}"
    return f"{len(served)} documents, expected at least {at_least}"
