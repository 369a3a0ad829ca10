"""One signed text, one effect: whichever service it is shown to first."""

import json
import time

import pytest
import requests

from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken
from libs.signing.personal import sign_text
from tests.e2e.market import Market
from tests.stack import Stack

pytestmark = pytest.mark.clause("ocean 4")

KEY = PrivateKey("0x" + "61" * 32)


def test_a_signature_shown_to_the_catalogue_mints_no_token(stack: Stack, market: Market) -> None:
    """ocean.js 4.3.7 signs `address + nonce` for a validation: the text of an AuthToken."""
    published = market.publish([{"type": "url", "url": "http://origin.test/x", "method": "GET"}])
    nonce = market.client.nonce(KEY.address)
    signature = sign_text(AuthToken(KEY.address, nonce).text(), KEY)
    wrapper = {
        "ddo": published.ddo,
        "publisherAddress": KEY.address,
        "nonce": nonce,
        "signature": signature,
    }
    vouched = requests.post(
        f"{stack.gateway}/api/aquarius/assets/ddo/validate",
        data=json.dumps(wrapper),
        headers={"Content-Type": "application/octet-stream"},
        timeout=30,
    )
    assert vouched.status_code == 200, vouched.text
    assert market.client.nonce(KEY.address) == str(int(nonce) + 1)
    query = {
        "address": KEY.address,
        "nonce": nonce,
        "expiration": str(int(time.time()) + 600),
        "signature": signature,
    }
    refused = requests.get(f"{stack.gateway}/api/services/createAuthToken", params=query, timeout=30)
    assert refused.status_code == 400
    expected = f"Invalid signature expected nonce ({nonce}) > current nonce ({nonce})."
    assert refused.json()["errors"] == {"signature": expected}
