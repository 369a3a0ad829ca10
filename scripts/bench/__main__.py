"""`make bench`: our figures beside the targets, as a table and as bench/results.json.

Starts a stack of its own on free ports and stops it. Reports; a missed target is no failure.
"""

import argparse
import json
import os
import secrets
import signal
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from libs.signing.keys import PrivateKey
from scripts.bench import cases, filecatalogue, jobs, keystores, machine, measure, openpai, prominence, slices
from scripts.bench.baseline import nginx_alone
from scripts.chain.accounts import development_accounts
from scripts.chain.assets import AssetSpec, Provider, ServiceSpec
from scripts.chain.order import fee_of_quote, order
from scripts.chain.provider_client import ProviderClient
from scripts.chain.publish import publish
from scripts.chain.wallet import Wallet, connect
from scripts.stack import up as stack
from scripts.stack.config import REPO, StackConfig
from scripts.stack.free_ports import free_ports
from scripts.stack.processes import find
from scripts.stack.services import environment

SLOW_DOWNLOADS = 20
BIG_DOWNLOADS = 4
BIG_FILE = "big.bin"


@dataclass(frozen=True, slots=True)
class Row:
    """`figure` is None where `missing` is what it would take."""

    name: str
    figure: float | None
    target: float
    unit: str = "/s"
    at_most: bool = False  # the target is a ceiling
    missing: str = ""

    @property
    def ratio(self) -> float | None:
        if self.figure is None:
            return None
        if self.at_most and not self.figure:
            return None  # nothing of what there must be little of
        return self.target / self.figure if self.at_most else self.figure / self.target


Case = tuple[str, Callable[[cases.Sample, Path], Iterator[list[measure.Request]]], float, bool]
RATES: tuple[Case, ...] = (
    ("root", cases.discovery, 2500, True),
    ("nonce", cases.nonce, 2500, True),
    ("encrypt 1 KiB", cases.encrypt_small, 2500, True),
    ("encrypt 1 MiB", cases.encrypt_large, 200, True),
    ("decrypt", cases.decrypt, 600, False),
    ("createAuthToken", cases.create_token, 800, False),
    ("fileinfo (asset)", cases.fileinfo_asset, 800, True),
    ("fileinfo (url)", cases.fileinfo_url, 800, True),
    ("initialize", cases.initialize, 600, True),
    ("bearer-protected no-op", cases.whoami, 1500, True),
    ("token by client credentials", cases.client_credentials, 400, True),
    ("keystore login, new", keystores.cold, 100, False),
    ("keystore login, known", keystores.cached, 800, True),
    ("download, small file", cases.download, 400, False),
)


TERMINATED = 128 + signal.SIGTERM


def main(argv: list[str] | None = None) -> int:
    options = _parser().parse_args(argv)
    # Whoever ends it early must not be left with a stack: SystemExit goes through what stops it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    with tempfile.TemporaryDirectory(prefix="tidegate-bench-") as folder:
        config = StackConfig(run_dir=Path(folder), ports=free_ports(), environment=_environment(options))
        jobs.prepare(config)
        try:
            stack.up(config)
            found = machine.look(config)
            print(found.line(), flush=True)
            rows = run(config, options.seconds, options.only)
        finally:
            stack.down(config)
    print(f"{found.line()}\n{table(rows)}")
    results = REPO / "bench" / "results.json"
    results.parent.mkdir(exist_ok=True)
    document = {"machine": found.as_json(), "rows": [_as_json(row) for row in rows]}
    results.write_text(json.dumps(document, indent=2) + "\n")
    return 0


def run(config: StackConfig, seconds: float, only: str | None) -> list[Row]:
    folder = config.run_dir / "bench"
    folder.mkdir()
    sample = prepare(config, "small.csv", 800)
    rows = []
    for name, prepared, target, loop in RATES:
        if only is None or only in name:
            label = name.replace(" ", "-").replace(",", "")
            lanes = prepared(sample, folder)
            result = measure.replay(config.gateway_url, folder, label, list(lanes), seconds, loop=loop)
            rows.append(Row(name, result["rate"], target))
            print(f"  {name}: {result['rate']:.0f}/s, p99 {result['p99_ms']:.0f} ms", flush=True)
    if only is None or only in ("big", "slow"):
        big = prepare(config, BIG_FILE, 100 * measure.MIB)
        rows += big_downloads(config, big) if only != "slow" else []
        rows += slow_downloads(config, big) if only != "big" else []
    if only is None or only == "jobs":
        rows += told(jobs.run(config, cases.wallet_token(sample), folder, seconds))
    if only is None or only == "prominence":
        rows += told(prominence.run(config, lambda: cases.wallet_token(sample), folder, seconds))
    if only is None or only == "dcp":
        rows += told(slices.run(config))
    if only is None or only == "openpai":
        rows += told(openpai.run(config, cases.wallet_token(sample), folder, seconds))
    if only is None or only == "filecatalogue":
        rows += told(filecatalogue.run(config))
    return rows


def told(figures: Iterable[jobs.Figure]) -> list[Row]:
    rows = []
    for found in figures:
        rows.append(Row(*found))
        figure = found.missing if found.figure is None else f"{found.figure:.1f} {found.unit}"
        print(f"  {found.name}: {figure}", flush=True)
    return rows


def prepare(config: StackConfig, name: str, size: int) -> cases.Sample:
    """Publish an asset with one file of random bytes, and order it once for each connection."""
    (config.run_dir / "sample" / "files" / name).write_bytes(os.urandom(size))
    url = f"{config.sample_origin}/{name}"
    entries = json.loads(stack.address_file(config).read_text())[config.network]
    client = ProviderClient(config.gateway_url)
    publisher = Wallet(connect(config.rpc_url), development_accounts()[0].key)
    service = ServiceSpec(files=[{"type": "url", "url": url, "method": "GET"}], pricing="dispenser")
    provider = Provider(config.gateway_url, client.provider_address(config.chain_id), client)
    published = publish(publisher, entries, provider, AssetSpec(services=[service]))
    client.wait_for_ddo(published.did, published.tx_hash)
    orders = []
    for _ in range(measure.CONNECTIONS):
        # The publisher pays; the order names the consumer, who then signs the downloads.
        consumer = PrivateKey(secrets.token_bytes(32))
        fee = fee_of_quote(client.initialize(published.did, service.id, consumer.address))
        orders.append(
            (consumer, order(publisher, entries, published.datatokens[0], 0, fee, consumer.address))
        )
    return cases.Sample(
        did=published.did,
        nft=published.nft,
        service_id=service.id,
        chain_id=config.chain_id,
        publish_tx=published.tx_hash,
        orders=tuple(orders),
        file_url=url,
        gateway=config.gateway_url,
        auth_environment=environment(config, "auth"),
    )


def big_downloads(config: StackConfig, sample: cases.Sample) -> list[Row]:
    """Four 100 MiB downloads at once, against nginx proxying the same origin; best of three each."""
    with nginx_alone(config) as plain_url:
        alone = max(measure.parallel_megabytes([f"{plain_url}/{BIG_FILE}"] * BIG_DOWNLOADS) for _ in range(3))
    ours = max(measure.parallel_megabytes(_signed(config, sample, BIG_DOWNLOADS)) for _ in range(3))
    print(f"  four 100 MiB downloads: {ours:.0f} MB/s; nginx alone {alone:.0f} MB/s", flush=True)
    return [Row("four 100 MiB downloads", ours, 0.7 * alone, "MB/s")]


def slow_downloads(config: StackConfig, sample: cases.Sample) -> list[Row]:
    """Twenty slow readers at once: memory of each process, and whether `nonce` still answers."""
    names = ("provider", "egress", "auth", "catalogue", "compute", "indexer", "worker")
    pids = {name: process.pid for name in names if (process := find(config.run_dir, name))}
    peaks = measure.PeakMemory(pids)
    peaks.start()
    readers = measure.slow_downloads(_signed(config, sample, SLOW_DOWNLOADS), "4M")
    try:
        address = sample.orders[0][0].address
        slowest = measure.slowest_ms(f"{config.gateway_url}/api/services/nonce?userAddress={address}", 200)
    finally:
        for reader in readers:
            reader.terminate()
            reader.wait()
    memory = peaks.finish()
    rows = [Row("slowest nonce beside 20 slow downloads", slowest, 50, "ms", at_most=True)]
    return rows + [Row(f"memory of {name}", peak, 150, "MiB", at_most=True) for name, peak in memory.items()]


def _signed(config: StackConfig, sample: cases.Sample, count: int) -> list[str]:
    urls = []
    for number in range(count):
        key, tx = sample.orders[number % len(sample.orders)]
        path = cases.signed_download(sample, key, tx, cases.next_nonce())
        urls.append(config.gateway_url + path)
    return urls


def table(rows: list[Row]) -> str:
    lines = [f"{'':48}{'ours':>18}{'target':>14}{'ratio':>8}"]
    for row in rows:
        sign = "<" if row.at_most else ">"
        ours = row.missing if row.figure is None else f"{_shown(row.figure)} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        target = f"{sign} {_shown(row.target)} {row.unit}"
        lines.append(f"{row.name:48}{ours:>18}{target:>14}{ratio:>8}")
    return "\n".join(lines)


def _shown(figure: float) -> str:
    """Small figures with their fractions: half a second is not none."""
    return f"{figure:,.2f}" if 0 < figure < 10 else f"{figure:,.0f}"


def _as_json(row: Row) -> dict[str, object]:
    document: dict[str, object] = {
        "name": row.name,
        "figure": None if row.figure is None else round(row.figure, 2),
        "target": round(row.target, 2),
        "unit": row.unit,
        "at_most": row.at_most,
        "ratio": None if row.ratio is None else round(row.ratio, 3),
    }
    if row.missing:
        document["missing"] = row.missing
    return document


def _environment(options: argparse.Namespace) -> dict[str, str]:
    chosen = {"FILECATALOGUE_DATABASE_URL": options.filecatalogue_database}
    return dict(os.environ) | {name: value for name, value in chosen.items() if value}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=6, help="how long each rate is measured")
    parser.add_argument(
        "--only",
        help="measure only what has this in its name "
        "(big, slow, jobs, prominence, dcp, openpai, filecatalogue, ...)",
    )
    parser.add_argument(
        "--filecatalogue-database",
        metavar="URL",
        help="an empty PostgreSQL database instead of a SQLite file",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
