"""Settings of the DCP window."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from libs.web.settings import Env
from services.compute.dcp_settings import DcpSettings, packages_in, read_dcp


def test_without_any_setting_it_is_as_documented() -> None:
    env = Env({})
    assert read_dcp(env) == DcpSettings()
    assert env.problems == []


def test_each_setting_is_read(tmp_path: Path) -> None:
    groups = {"lab": {"secret": "sesame", "environments": ["a"]}, "all": {"secret": "s"}}
    env = Env(
        {
            "COMPUTE_DCP_BODY_BYTES": "2048",
            "COMPUTE_DCP_SLICES": "5",
            "COMPUTE_DCP_LANES": "3",
            "COMPUTE_DCP_ENVIRONMENTS": "a, b",
            "COMPUTE_DCP_GROUPS": json.dumps(groups),
            "COMPUTE_DCP_PRICE": "0.000000000000000001",
            "COMPUTE_DCP_OPENING_BALANCE": "7",
            "COMPUTE_DCP_ANY_ACCOUNT": "on",
            "COMPUTE_DCP_PACKAGES_DIR": str(tmp_path),
            "COMPUTE_DCP_PYIMPORTS": "numpy",
            "COMPUTE_DCP_REMOTE_DATA": "1",
            "COMPUTE_DCP_NODE_IMAGE": "node:20",
            "COMPUTE_DCP_PYTHON_IMAGE": "python:3.13",
            "COMPUTE_DCP_SLICE_CPU_SECONDS": "1.5",
            "COMPUTE_DCP_SLICE_SECONDS": "2",
            "COMPUTE_DCP_SLICE_MEMORY_BYTES": str(64 << 20),
        }
    )
    read = read_dcp(env)
    assert env.problems == []
    assert (read.body_bytes, read.slices, read.lanes, read.environments) == (2048, 5, 3, ("a", "b"))
    assert (read.price, read.opening_balance, read.any_account) == (Decimal("1e-18"), Decimal(7), True)
    assert (read.packages_dir, read.pyimports, read.remote_data) == (tmp_path, ("numpy",), True)
    assert (read.node_image, read.python_image) == ("node:20", "python:3.13")
    limits = read.slice_limits
    assert (limits.cpu_seconds, limits.seconds, limits.memory_bytes) == (1.5, 2.0, 64 << 20)
    assert {key: group.environments for key, group in read.groups.items()} == {"lab": ("a",), "all": ()}
    assert read.groups["lab"].opens("sesame")
    assert not read.groups["lab"].opens("\ud800")
    assert "sesame" not in repr(read)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMPUTE_DCP_PRICE", "-1"),
        ("COMPUTE_DCP_PRICE", "1e3"),
        ("COMPUTE_DCP_OPENING_BALANCE", "0.0000000000000000001"),
        ("COMPUTE_DCP_GROUPS", "[]"),
        ("COMPUTE_DCP_GROUPS", '{"a": {}}'),
        ("COMPUTE_DCP_GROUPS", '{"a": {"secret": ""}}'),
        ("COMPUTE_DCP_GROUPS", '{"a": {"secret": "s", "environments": "b"}}'),
        ("COMPUTE_DCP_GROUPS", '{"public": {"secret": "s"}}'),
        ("COMPUTE_DCP_PACKAGES_DIR", "/there/is/none"),
        ("COMPUTE_DCP_LANES", "0"),
        ("COMPUTE_DCP_SLICES", "0"),
    ],
    ids=str,
)
def test_what_cannot_be_is_a_problem_that_quotes_nothing(name: str, value: str) -> None:
    env = Env({name: value})
    read_dcp(env)
    (problem,) = env.problems
    assert name in problem
    assert 'secret":' not in problem


def test_packages_are_named_by_where_they_lie(tmp_path: Path) -> None:
    (tmp_path / "stats").mkdir()
    (tmp_path / "stats" / "mean.js").write_text("exports.é = 1", "utf-8")
    (tmp_path / "own.js").write_text("exports.a = 1")
    (tmp_path / "notes.txt").write_text("no package")
    assert packages_in(tmp_path) == {"own": "exports.a = 1", "stats/mean": "exports.é = 1"}
    assert packages_in(None) == {}
