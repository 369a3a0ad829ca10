"""docs/operators.md names every setting that the code reads, and none that it does not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.stack.config import REPO, Ports

PAGE = (REPO / "docs" / "operators.md").read_text()
# A setting's name has at least one underscore, and stands in code as a whole text of its own.
NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
PLACEHOLDER = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
NOT_OURS = re.compile(r"Not read: .*?\n\n", re.DOTALL)
ROW = re.compile(r"^\| (`[^|]*) \|", re.MULTILINE)
# Made for the processes by `make up` itself; nobody sets them.
INTERNAL = {"TIDEGATE_ENV"}


def settings_modules() -> list[Path]:
    """The modules that may read the environment: one per process, and what several share."""
    found = [path for path in (REPO / "services").rglob("*settings*.py") if "usecases" not in path.parts]
    shared = REPO / "libs" / "web"
    return [*sorted(found), shared / "metrics.py", shared / "client_certificate.py"]


def names_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and NAME.fullmatch(node.value):
            yield node.value


def service_settings() -> set[str]:
    return {name for path in settings_modules() for name in names_in(path)}


def gateway_settings() -> set[str]:
    return {
        name for path in (REPO / "gateway").rglob("*.conf") for name in PLACEHOLDER.findall(path.read_text())
    }


def stack_settings() -> set[str]:
    named = {
        name for name in names_in(REPO / "scripts" / "stack" / "config.py") if name.startswith("TIDEGATE_")
    }
    return named | {f"TIDEGATE_{name.upper()}_PORT" for name in Ports.__dataclass_fields__}


def in_tables() -> set[str]:
    """Every setting that has a row of its own, by the first column of the page's tables."""
    return {name for cell in ROW.findall(PAGE) for name in re.findall(r"`([A-Z0-9_]+)`", cell) if "_" in name}


def all_settings() -> set[str]:
    return (service_settings() | gateway_settings() | stack_settings()) - INTERNAL


def test_settings_are_found_at_all() -> None:
    assert {
        "PROVIDER_DATABASE_URL",
        "PROVIDER_KEYSTORE_PASSWORD",
        "EGRESS_KEY",
        "AUTH_ISSUER",
    } <= service_settings()
    assert {"INDEXER_POLL_SECONDS", "PROMETHEUS_MULTIPROC_DIR"} <= service_settings()
    assert {"GATEWAY_RATE", "MAX_ENCRYPT_BODY"} <= gateway_settings()
    assert {"TIDEGATE_RUN_DIR", "TIDEGATE_GATEWAY_PORT"} <= stack_settings()


@pytest.mark.parametrize("name", sorted(all_settings()))
def test_every_setting_has_a_row(name: str) -> None:
    assert name in in_tables(), f"docs/operators.md has no row for {name}"


def defaults() -> dict[str, str]:
    """Plain defaults by name, as `env.int("NAME", 5)` and the like give them; 5.0 is written 5."""
    found = {}
    for path in settings_modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                if node.func.attr not in ("text", "int", "float", "choice") or len(node.args) < 2:
                    continue
                name, default = node.args[0], node.args[-1]
                if isinstance(name, ast.Constant) and isinstance(default, ast.Constant):
                    found[str(name.value)] = str(default.value).removesuffix(".0")
    # 0 stands for "not given" there.
    return {name: value for name, value in found.items() if NAME.fullmatch(name) and name != "CHAIN_ID"}


@pytest.mark.parametrize(("name", "default"), defaults().items())
def test_the_row_tells_the_default_of_the_code(name: str, default: str) -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("|") and f"`{name}`" in line.split("|")[1]]
    assert any(re.search(rf"(?<![\w.]){re.escape(default)}(?![\w])", row.split("|")[-2]) for row in rows)


def test_no_row_describes_a_setting_that_nothing_reads() -> None:
    assert in_tables() - all_settings() == set()


def test_the_environment_is_read_nowhere_else() -> None:
    """Otherwise the tests above would not see a setting. Entry points hand the whole environment on."""
    readers = {
        path.relative_to(REPO).as_posix()
        for folder in ("services", "libs")
        for path in (REPO / folder).rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text()) and INSIDE_JOBS not in path.parents
    }
    entry_points = {
        path
        for path in readers
        if path.endswith(("wsgi.py", "__main__.py", "gunicorn_conf.py", "auth/admin.py", "client/main.py"))
    }
    assert readers - entry_points == {"libs/web/metrics.py"}


def test_settings_that_are_not_read_are_named_as_such() -> None:
    found = NOT_OURS.search(PAGE)
    assert found is not None
    named = set(re.findall(r"`([A-Z0-9_]+)`", found[0]))
    assert named
    assert named.isdisjoint(all_settings())


INSIDE_JOBS = REPO / "services/compute/slicework/inside/python"  # programs that run as jobs do
METRIC = re.compile(r"\b((?:http|egress|provider|catalogue|compute)_[a-z_]+)\b")


def metric_names() -> set[str]:
    """As they are exposed: prometheus_client puts `_total` behind a counter's name."""
    found = set()
    for folder in ("services", "libs"):
        for path in (REPO / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                    found |= _metric(node.func.id, node.args[0])
    return found


def _metric(kind: str, name: ast.expr) -> set[str]:
    if not isinstance(name, ast.Constant) or not isinstance(name.value, str):
        return set()
    if kind == "Counter":
        return {name.value.removesuffix("_total") + "_total"}
    return {name.value} if kind in ("Gauge", "_gauge", "Histogram") else set()


def test_every_metric_is_listed_under_its_exposed_name() -> None:
    section = PAGE.partition("## Health, metrics, logs")[2].partition("\nLogs are")[0]
    listed = {name for cell in ROW.findall(section) for name in METRIC.findall(cell)}
    assert metric_names() == listed
