import base64

import pytest

from libs.signing import tokens
from libs.web.settings import Secret
from services.auth.adapters.key_sealer import ScryptSealer
from services.auth.domain.signing_keys import KeyUnreadable

KEY = tokens.new_key()
SEALER = ScryptSealer(Secret("a development secret"))
SEALED = SEALER.seal("k1", KEY.as_private_jwk())


def test_sealed_key_opens_with_the_same_secret_in_another_process() -> None:
    opened = ScryptSealer(Secret("a development secret")).open("k1", SEALED)
    assert opened == KEY.as_private_jwk()


def test_sealed_text_shows_nothing_and_never_repeats() -> None:
    private = KEY.as_private_jwk()["d"]
    raw = base64.urlsafe_b64decode(SEALED.removeprefix("v1."))
    assert private not in SEALED
    assert private.encode() not in raw
    assert SEALER.seal("k1", KEY.as_private_jwk()) != SEALED


def _changed(position: int) -> str:
    raw = bytearray(base64.urlsafe_b64decode(SEALED.removeprefix("v1.")))
    raw[position] ^= 1
    return "v1." + base64.urlsafe_b64encode(raw).decode()


CHANGED = {
    "salt": _changed(0),
    "nonce": _changed(16),
    "ciphertext": _changed(28),
    "tag": _changed(-1),
    "cut": SEALED[:-4],
    "empty": "v1.",
    "nothing": "",
    "no version": SEALED.removeprefix("v1."),
    "other version": "v2." + SEALED.removeprefix("v1."),
    "not base64": "v1.!",
    "in clear": '{"kty":"EC"}',
}


@pytest.mark.parametrize("name", CHANGED)
def test_changed_row_is_unreadable(name: str) -> None:
    with pytest.raises(KeyUnreadable):
        SEALER.open("k1", CHANGED[name])


def test_row_moved_to_another_key_id_is_unreadable() -> None:
    with pytest.raises(KeyUnreadable):
        SEALER.open("k2", SEALED)


def test_other_secret_cannot_open_it_and_is_not_quoted() -> None:
    with pytest.raises(KeyUnreadable) as caught:
        ScryptSealer(Secret("another development secret")).open("k1", SEALED)
    assert "development secret" not in str(caught.value)
