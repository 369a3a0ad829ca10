"""Bringing a native stack up and down: chain and contracts first, the gateway last."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from uuid import uuid4

from scripts.stack import gateway, services, tls
from scripts.stack.config import MNEMONIC, REPO, StackConfig
from scripts.stack.processes import (
    Process,
    StartFailed,
    answers,
    children,
    find,
    start,
    stop,
    wait_for,
    wait_until,
)
from scripts.stack.services import Secrets

PORT_SECONDS = 5.0
# Start order; `down` walks it backwards.
ORDER = (
    *("chain", "sample", "provider", "auth", "catalogue", "compute", "egress", "indexer", "worker"),
    "gateway",
)


def up(config: StackConfig) -> dict[str, object]:
    """Start what does not run yet, wait until everything answers; returns stack.json's content.

    Safe to call again: what runs is kept, what died is started. Raises StartFailed.
    """
    for folder in ("db", "logs", "pids", "gateway"):
        (config.run_dir / folder).mkdir(parents=True, exist_ok=True)
    _start_chain(config)
    _start_nginx(config, "sample")
    waiting = [(_start_service(config, name), _health(config, name)) for name in ORDER[2:-1]]
    for process, url in waiting:
        wait_until(process, lambda url=url: answers(url), f"answer at {url}")  # type: ignore[misc]
    _start_nginx(config, "gateway")
    return write_stack_file(config)


def down(config: StackConfig) -> list[str]:
    """End every process of the stack by the pid that was started, and what runs for jobs; returns the names
    that ran.
    """
    stopped = [name for name in reversed(ORDER) if stop(config.run_dir, name)]
    _end_sandboxes(config)
    stack_file(config).unlink(missing_ok=True)
    return stopped


def _end_sandboxes(config: StackConfig) -> None:
    """Jobs outlive the worker that started them, so that it may be restarted; not the stack."""
    state = services.process_engine_folder(config)
    if state.is_dir():
        from services.compute.adapters.engines.process.engine import end_all  # slow to import: only here

        end_all(state)


def restart(config: StackConfig, name: str) -> Process:
    """Stop one process if it runs and start it again, waiting until it answers."""
    stop(config.run_dir, name)
    if name == "chain":
        return _start_chain(config)
    if name in ("gateway", "sample"):
        return _start_nginx(config, name)
    process = _start_service(config, name)
    wait_until(process, lambda: answers(_health(config, name)), "health answer")
    return process


def reload(config: StackConfig) -> Process:
    """Render the gateway's configuration anew and have the running gateway take it up.

    Answers under way are finished by the workers that began them. Raises StartFailed, with the old
    configuration still served, when nginx refuses the new one.
    """
    process = find(config.run_dir, "gateway")
    if process is None:
        raise StartFailed("The gateway does not run: there is nothing to reload.")
    conf = gateway.render(config)
    checked = subprocess.run([*gateway.command(conf), "-t"], capture_output=True, text=True, check=False)
    if checked.returncode != 0:
        raise StartFailed(f"The gateway goes on with its old configuration.\n{checked.stderr.strip()}")
    before = set(children(process.pid))
    os.kill(process.pid, signal.SIGHUP)
    fresh = gateway.worker_count(config)
    wait_until(process, lambda: len(set(children(process.pid)) - before) >= fresh, "new workers")
    return process


def stack_file(config: StackConfig) -> Path:
    return config.run_dir / "stack.json"


def write_stack_file(config: StackConfig) -> dict[str, object]:
    """`.run/stack.json`: where everything is; development values only."""
    from scripts.chain.accounts import development_accounts  # web3 is slow to import: only here

    root = _discovery(config)
    content: dict[str, object] = {
        "gateway": config.gateway_url,
        "gateway_tls": config.tls_url,
        "chains": [{"id": config.chain_id, "network": config.network, "rpc": config.rpc_url}],
        "address_file": str(address_file(config)),
        "provider_address": root["providerAddresses"][str(config.chain_id)],
        "mnemonic": MNEMONIC,
        "accounts": [account.address for account in development_accounts(MNEMONIC)],
        "dev_admin": {"username": "admin", "password": Secrets(config.run_dir / "secrets").text("dev_admin")},
        "sample_origin": config.sample_origin,
        "services": {name: _service_entry(config, name) for name in ORDER},
    }
    path = stack_file(config)
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(content, indent=2) + "\n")
    temporary.replace(path)
    return content


def address_file(config: StackConfig) -> Path:
    """Where the contract addresses stand: the caller's ADDRESS_FILE, or one in the run folder."""
    given = config.environment.get("ADDRESS_FILE")
    return Path(given) if given else config.address_file


def _start_chain(config: StackConfig) -> Process:
    from scripts.chain import anvil, deploy

    process = find(config.run_dir, "chain")
    if process is None:
        _free_port(config, "chain")
        argv = anvil.command(
            port=config.ports.chain,
            chain_id=config.chain_id,
            mnemonic=MNEMONIC,
            state_file=config.run_dir / "chain" / "state.json",
        )
        process = start("chain", argv, os.environ, config.run_dir, REPO)
    wait_until(process, lambda: anvil.answers(config.rpc_url, config.chain_id), "JSON-RPC answer")
    deploy.ensure_contracts(
        rpc_url=config.rpc_url,
        network=config.network,
        mnemonic=MNEMONIC,
        address_file=address_file(config),
    )
    return process


def _start_nginx(config: StackConfig, name: str) -> Process:
    process = find(config.run_dir, name)
    port = getattr(config.ports, name)
    url = f"http://127.0.0.1:{port}/" if name == "sample" else f"{config.gateway_url}/health/live"
    if process is None:
        _free_port(config, name)
        conf = gateway.render(config) if name == "gateway" else gateway.sample_origin_conf(config)
        argv = gateway.command(conf, as_us=name == "sample")
        process = start(name, argv, os.environ, config.run_dir, REPO)
    wait_until(process, lambda: answers(url, (200, 403, 404)), f"answer at {url}")
    return process


def _start_service(config: StackConfig, name: str) -> Process:
    process = find(config.run_dir, name)
    if process is not None:
        return process
    _free_port(config, name)
    for stale in (config.run_dir / "metrics" / name).glob("*.db"):
        stale.unlink()
    argv = services.command(config, name)
    return start(name, argv, services.environment(config, name), config.run_dir, REPO)


def _health(config: StackConfig, name: str) -> str:
    return f"http://127.0.0.1:{getattr(config.ports, name)}/health/ready"


def _free_port(config: StackConfig, name: str) -> None:
    """End leftovers of a killed process, then refuse a port that somebody else holds.

    A killed process with threads is a zombie before its last thread lets go of the port: that is waited for.
    """
    stop(config.run_dir, name)
    port = getattr(config.ports, name)
    if not wait_for(lambda: _is_free(port), PORT_SECONDS):
        variable = f"TIDEGATE_{name.upper()}_PORT"
        raise StartFailed(f"Port {port} ({name}) is in use by another program; free it or set {variable}.")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _discovery(config: StackConfig) -> dict[str, dict[str, str]]:
    with urllib.request.urlopen(f"{config.gateway_url}/", timeout=10) as reply:
        document: dict[str, dict[str, str]] = json.load(reply)
    return document


def _service_entry(config: StackConfig, name: str) -> dict[str, object]:
    process = find(config.run_dir, name)
    if process is None:
        raise StartFailed(f"{name} ended while the stack came up: see {config.run_dir}/logs/{name}.log")
    entry = {"url": config.service_url(name), "log": str(process.log), "pid": process.pid}
    if name == "auth":
        entry["oidc"] = f"{config.gateway_url}/prominence/oidc"  # PROMINENCE_OIDC_URL of its command lines
    return entry


def main(argv: list[str]) -> int:
    from scripts.stack.config import from_environment

    config = from_environment()
    action = argv[0] if argv else "help"
    try:
        if action == "up":
            content = up(config)
            print(f"Tidegate answers at {content['gateway']} (details: {stack_file(config)})")
        elif action == "down":
            print("Stopped: " + (", ".join(down(config)) or "nothing was running"))
        elif action == "restart" and len(argv) == 2 and argv[1] in ORDER:
            process = restart(config, argv[1])
            write_stack_file(config)
            print(f"{argv[1]} runs as pid {process.pid}")
        elif action == "certificate" and len(argv) == 2:
            certificate, key = tls.issue(config.run_dir / "tls", argv[1], f"client-{uuid4().hex[:8]}")
            print(f"curl --cert {certificate} --key {key} --cacert {certificate.with_name('ca.pem')} ...")
        elif action == "reload":
            print(f"The gateway, pid {reload(config).pid}, serves its configuration as it is now.")
        elif action == "admin":
            words = [sys.executable, "-m", "services.auth.admin", *argv[1:]]
            return subprocess.call(words, cwd=REPO, env=services.environment(config, "auth"))
        elif action == "status":
            for name in ORDER:
                process = find(config.run_dir, name)
                print(f"{name:10} {'pid ' + str(process.pid) if process else 'not running'}")
        else:
            usage = "usage: python -m scripts.stack up|down|status|reload|restart NAME|admin ..."
            usage += "|certificate COMMON_NAME"
            print(f"{usage}   (NAME: {', '.join(ORDER)})")
            return 2
    except StartFailed as error:
        print(error, file=sys.stderr)
        return 1
    return 0
