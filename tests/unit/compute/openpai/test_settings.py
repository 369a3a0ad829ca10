"""Settings of OpenPAI's window."""

import pytest

from libs.web.settings import BadSettings, Env
from services.compute.openpai_settings import OpenPaiSettings, read_openpai


def read(**environ: str) -> OpenPaiSettings:
    env = Env(environ)
    found = read_openpai(env)
    env.check()
    return found


def test_who_sees_what_how_long_it_is_kept_and_which_images_may_run() -> None:
    usual = read()
    assert (usual.is_open, usual.keep_seconds, usual.images) == (True, 30 * 86400.0, ())
    own = read(
        COMPUTE_OPENPAI_PUBLIC="false",
        COMPUTE_OPENPAI_KEEP_DAYS="90",
        COMPUTE_OPENPAI_IMAGES="python:*, ours/*",
    )
    assert (own.is_open, own.keep_seconds, own.images) == (False, 90 * 86400.0, ("python:*", "ours/*"))


@pytest.mark.parametrize("days", ["0", "367", "x"])
def test_days_that_may_not_be_are_refused(days: str) -> None:
    with pytest.raises(BadSettings):
        read(COMPUTE_OPENPAI_KEEP_DAYS=days)
