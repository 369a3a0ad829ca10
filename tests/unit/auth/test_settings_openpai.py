"""The settings of OpenPAI's users."""

import json

import pytest

from libs.web.settings import Env
from services.auth.domain.openpai import OpenPaiSite
from services.auth.settings_openpai import read_openpai

pytestmark = pytest.mark.clause("openpai 3.5")


def read(**environ: str) -> tuple[OpenPaiSite, list[str]]:
    env = Env(environ)
    return read_openpai(env), env.problems


def test_without_any() -> None:
    assert read() == (OpenPaiSite(clusters=frozenset({"default"}), reveals_users=False), [])


def test_of_clusters_the_names_alone_count() -> None:
    clusters = json.dumps({"gpu": {"environment": "large", "cpus": 64}, "default": {}})
    found, problems = read(OPENPAI_VIRTUAL_CLUSTERS=clusters, OPENPAI_REVEAL_USERS="1")
    assert found == OpenPaiSite(clusters=frozenset({"default", "gpu"}), reveals_users=True)
    assert problems == []


@pytest.mark.parametrize("value", ['["gpu"]', '{"a-b": {}}', '{"": {}}', "3"])
def test_what_cannot_be(value: str) -> None:
    found, problems = read(OPENPAI_VIRTUAL_CLUSTERS=value)
    assert len(problems) == 1
    assert found.clusters == {"default"}
