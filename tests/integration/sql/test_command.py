"""`python -m libs.sql`: what an operator types, and what it says."""

from pathlib import Path

import pytest

from libs.sql import __main__ as command

VERSIONS = Path(__file__).parent / "migrations"


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """A service called trial whose migrations are this folder's."""
    folder = tmp_path / "services" / "trial" / "adapters" / "store_sql"
    folder.mkdir(parents=True)
    (folder / "migrations").symlink_to(VERSIONS)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setenv("TRIAL_DATABASE_URL", f"sqlite:///{tmp_path}/trial.db")
    return "trial"


def test_migrate_there_and_back(service: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, said in (
        (["current", service], "trial: at base (newest 0002)"),
        (["migrate", service, "--to", "0001"], "trial: now at 0001 (newest 0002)"),
        (["migrate", service], "trial: now at 0002 (newest 0002)"),
        (["migrate", service], "trial: at 0002 (newest 0002)"),
        (["downgrade", service, "--to", "base"], "trial: now at base (newest 0002)"),
    ):
        assert command.main(arguments) == 0
        assert capsys.readouterr().out.strip() == said


def test_the_url_may_be_in_a_file(
    service: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TRIAL_DATABASE_URL")
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path}/other.db\n")
    monkeypatch.setenv("TRIAL_DATABASE_URL_FILE", str(tmp_path / "url"))
    assert command.main(["migrate", service]) == 0
    assert (tmp_path / "other.db").exists()


def test_mistakes_end_in_a_sentence(
    service: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["migrate", "nobody"]) == 1
    assert "no migrations" in capsys.readouterr().err
    assert command.main(["migrate", service, "--to", "0009"]) == 1
    assert "0009" in capsys.readouterr().err
    monkeypatch.setenv("TRIAL_DATABASE_URL", "mysql://user:hunter2@host/db")
    assert command.main(["migrate", service]) == 1
    assert "hunter2" not in capsys.readouterr().err
    monkeypatch.delenv("TRIAL_DATABASE_URL")
    assert command.main(["migrate", service]) == 1
    assert "set TRIAL_DATABASE_URL" in capsys.readouterr().err


def test_the_file_catalogue_is_a_database_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FILECATALOGUE_DATABASE_URL", f"sqlite:///{tmp_path}/files.db")
    assert command.main(["migrate", "filecatalogue"]) == 0
    assert capsys.readouterr().out.startswith("filecatalogue: now at 0001")
