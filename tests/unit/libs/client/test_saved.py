"""Kept sign-ins: readable by their owner alone, one per gateway."""

import stat
from pathlib import Path

from libs.client.saved import SavedTokens, default_path


def test_they_are_private_and_kept_apart(tmp_path: Path) -> None:
    saved = SavedTokens(tmp_path / "deep" / "tokens.json")
    with saved.locked():
        saved.put("http://a", {"access_token": "1"})
        saved.put("http://b", {"access_token": "2"})
    assert saved.find("http://a") == {"access_token": "1"}
    assert stat.S_IMODE(saved.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(saved.path.parent.stat().st_mode) == 0o700
    saved.put("http://a", None)
    assert (saved.find("http://a"), saved.find("http://b")) == (None, {"access_token": "2"})


def test_a_file_that_is_none_counts_as_empty(tmp_path: Path) -> None:
    for text in ("", "{", "[]", '{"http://a": 1}'):
        (tmp_path / "tokens.json").write_text(text)
        assert SavedTokens(tmp_path / "tokens.json").find("http://a") is None


def test_the_place_follows_the_environment() -> None:
    assert default_path({"HOME": "/home/x"}) == Path("/home/x/.config/tidegate/tokens.json")
    assert default_path({"HOME": "/home/x", "XDG_CONFIG_HOME": "/c"}) == Path("/c/tidegate/tokens.json")
