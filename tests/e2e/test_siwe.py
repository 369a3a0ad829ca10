"""A dApp's user signs in with ethers as the docs print it, makes an account, links a second wallet: every
service knows the person at once, and no more once the wallet was taken away.
"""

from typing import Any

import pytest
import requests

from tests.stack import Stack, run_node

SECONDS = 60


@pytest.fixture(scope="module")
def lines(stack: Stack) -> list[dict[str, Any]]:
    return run_node("siwe.cjs", stack, {})


@pytest.mark.parametrize("release", ["ethers5", "ethers6"])
def test_one_signature_opens_every_service_and_wallets_come_together(
    lines: list[dict[str, Any]], release: str
) -> None:
    steps = {line["step"]: line for line in lines if line.get("release") == release}
    signed_in, linked, gone = (steps[name] for name in ("signed in", "linked", "taken away"))
    whoami = signed_in["whoami"]
    assert (whoami["status"], whoami["subject"]) == (200, "eip155:" + signed_in["address"])
    assert whoami["scopes"] == ["job:read", "job:write", "keys"]
    assert (linked["account"]["status"], linked["account"]["username"]) == (201, f"dapp-{release}")
    assert linked["linked"] == {"status": 201, "address": linked["second"]}
    assert linked["subjects"] == [linked["account"]["subject"]] * 2
    assert gone["gone"] == {"status": 200, "wallets": [signed_in["address"]]}
    assert gone["subject"] == "eip155:" + linked["second"]


def test_a_challenge_is_about_the_gateway(stack: Stack) -> None:
    query = {"address": "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"}
    answer = requests.get(f"{stack.gateway}/tidegate/v1/siwe/challenge", query, timeout=SECONDS)
    assert answer.status_code == 200
    host = stack.gateway.partition("://")[2]
    assert answer.json()["message"].startswith(f"{host} wants you to sign in with your Ethereum account:\n")
    assert f"\nURI: {stack.gateway}\n" in answer.json()["message"]
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_used_signature_is_in_no_log(stack: Stack, lines: list[dict[str, Any]]) -> None:
    tokens = [str(line["token"]) for line in lines if "token" in line]
    assert len(tokens) == 2
    for log in (stack.config.run_dir / "logs").iterdir():
        text = log.read_text(errors="replace")
        assert not any(token in text for token in tokens)
