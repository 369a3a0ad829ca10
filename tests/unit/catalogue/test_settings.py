import pytest

from libs.web.settings import BadSettings
from services.catalogue.settings import load_settings

KEY = "0x" + "42" * 32
GOOD = {"CATALOGUE_DATABASE_URL": "sqlite:////tmp/x.db", "CATALOGUE_PRIVATE_KEY": KEY}


def test_settings() -> None:
    settings = load_settings(GOOD | {"PUBLIC_URL": "http://a.test,http://b.test", "LOG_LEVEL": "DEBUG"})
    assert settings.public_url == "http://a.test"
    assert settings.log_level == "DEBUG"
    assert settings.database_url.reveal() == "sqlite:////tmp/x.db"
    assert "42" * 32 not in repr(settings)
    assert load_settings(GOOD).public_url == "/"


def test_all_problems_at_once_and_no_value_among_them() -> None:
    with pytest.raises(BadSettings) as caught:
        load_settings({"CATALOGUE_PRIVATE_KEY": "secret-nonsense", "LOG_LEVEL": "LOUD"})
    assert len(caught.value.problems) == 3
    assert "secret-nonsense" not in str(caught.value)
    with pytest.raises(BadSettings, match="CATALOGUE_PRIVATE_KEY must be set"):
        load_settings({"CATALOGUE_DATABASE_URL": "x"})


def test_without_a_database_there_is_no_file_catalogue() -> None:
    assert load_settings(GOOD).files is None
    url = {"FILECATALOGUE_DATABASE_URL": "sqlite:////tmp/files.db"}
    files = load_settings(GOOD | url).files
    assert files is not None
    assert (files.database_url.reveal(), files.own_se) == ("sqlite:////tmp/files.db", "TIDEGATE")
    assert files.global_read is True
    more = {"FILECATALOGUE_OWN_SE": "VAULT", "FILECATALOGUE_GLOBAL_READ": "off"}
    files = load_settings(GOOD | url | more).files
    assert files is not None
    assert (files.own_se, files.global_read) == ("VAULT", False)
