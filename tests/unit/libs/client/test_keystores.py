"""`tidegate keystore`: a key of its owner's alone, which the gateway opens."""

import io
import json
from pathlib import Path

import pytest

from libs.client.main import main
from libs.signing.keystores import read_keystore

pytestmark = pytest.mark.clause("dcp 2.2")


def made(path: Path, password: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(password))
    return main([*words, "keystore", str(path)], {"HOME": str(path.parent)})


def test_the_gateway_opens_what_it_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "id.keystore"
    assert made(path, "pass: wörd\n", monkeypatch) == 0
    keystore, end = read_keystore(path.read_text())
    assert end == len(path.read_text())
    assert keystore.kdf.is_cheap
    address = keystore.open("pass: wörd".encode()).address
    assert capsys.readouterr().out.strip().lower() == address.lower()
    assert path.stat().st_mode & 0o777 == 0o600
    assert "\n" not in path.read_text()


def test_a_keystore_is_never_written_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "id.keystore"
    path.write_text("a key")
    assert made(path, "x\n", monkeypatch) == 2
    assert path.read_text() == "a key"
    assert "is there already" in capsys.readouterr().err
    assert made(tmp_path / "none" / "id.keystore", "x\n", monkeypatch) == 2


def test_each_key_is_another_and_json_names_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        assert made(tmp_path / name, "", monkeypatch, "--json") == 0
    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert first["file"] == str(tmp_path / "a")
    assert first["address"] != second["address"]
