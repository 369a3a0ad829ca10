"""Request ids lead through every service's log, and no log holds what is secret."""

import json
import time

import pytest
import requests

from libs.signing import personal
from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken
from scripts.stack import up as stack_commands
from scripts.stack.config import CATALOGUE_KEY, PROVIDER_KEY
from tests.e2e.market import Market, as_answer, assert_json_error, one, request
from tests.fakes import origin as scripts
from tests.fakes.origin import Origin
from tests.stack import Stack
from tests.waiting import wait_for


def log_text(stack: Stack, name: str) -> str:
    return (stack.config.run_dir / "logs" / f"{name}.log").read_text(errors="replace")


def wait_for_log(stack: Stack, name: str, text: str) -> None:
    wait_for(lambda: text in log_text(stack, name), f"{text} in {name}.log")


@pytest.mark.parametrize("given", ["abcdefgh", "Trace.2026-11_22-" + "x" * 40])
def test_a_request_id_is_taken_over(stack: Stack, given: str) -> None:
    for path in ("/", "/nope", "/api/aquarius/chains/list", "/.well-known/jwks.json"):
        answer = one(stack.gateway, request("GET", path, f"X-Request-Id: {given}"))
        assert answer.headers["x-request-id"] == given


@pytest.mark.parametrize(
    "given", ["short", "x" * 65, 'with"quote-and-more', "with space and more", "ümläut-and-more", ""]
)
def test_a_request_id_that_could_forge_a_log_line_is_replaced(stack: Stack, given: str) -> None:
    for path in ("/", "/nope", "/api/aquarius/chains/list"):
        answer = one(stack.gateway, request("GET", path, f"X-Request-Id: {given}"))
        assert answer.headers["x-request-id"] != given
        assert len(answer.headers["x-request-id"]) == 32


def test_one_id_names_a_request_in_the_log_of_every_service_it_passed(
    stack: Stack, market: Market, origin: Origin
) -> None:
    origin.route("/traced", scripts.file(b"traced", "text/plain"))
    bought = market.buy(origin.url("/traced"))
    token = market.client.create_auth_token("0x" + market.buyer.secret.hex(), int(time.time()) + 600)
    trace = f"journey-{time.time_ns()}"
    params = {key: value for key, value in market.params(bought).items() if key != "signature"}
    reply = market.client.download(params, headers={"AuthToken": token, "X-Request-Id": trace})
    assert (reply.status_code, reply.content) == (200, b"traced")
    assert reply.headers["X-Request-Id"] == trace
    for name in ("gateway", "provider", "auth", "catalogue", "egress"):
        wait_for_log(stack, name, trace)


def test_no_log_holds_a_signature_a_token_a_url_or_a_key(
    stack: Stack, market: Market, origin: Origin
) -> None:
    """After a journey, the same with errors, and the same while a service is down."""
    origin.route("/secret-path-of-a-file", scripts.file(b"secret", "text/plain"))
    url = origin.url("/secret-path-of-a-file?api_key=hunter2hunter2")
    bought = market.buy(url)
    key = market.buyer
    key_text = "0x" + key.secret.hex()
    token = market.client.create_auth_token(key_text, int(time.time()) + 600)
    secrets = [token, token.rpartition(".")[2], "hunter2hunter2", "secret-path-of-a-file"]
    secrets += [key.secret.hex(), PROVIDER_KEY[2:], CATALOGUE_KEY[2:]]
    secrets.append(bought.published.ddo["services"][0]["files"][2:200])
    secrets += [
        path.read_text() for path in (stack.config.run_dir / "secrets").iterdir() if path.suffix == ""
    ]

    def use() -> None:
        good = market.params(bought)
        secrets.append(good["signature"][2:])
        assert market.client.download(good).status_code < 600
        assert market.client.download(good).status_code >= 400  # the nonce is spent
        market.client.download({**good, "transferTxId": "0x" + "77" * 32})
        market.client.download({**good, "signature": good["signature"][:-4]})
        market.client.download({**good, "signature": ""}, headers={"AuthToken": token + "x"})
        market.client.fileinfo({"type": "url", "url": url, "method": "GET"})
        posted = json.dumps(good).encode() + b" broken"
        requests.post(f"{stack.gateway}/api/services/download", data=posted, timeout=30)
        requests.get(f"{stack.gateway}/api/services/download/{good['signature']}", timeout=30)
        requests.get(f"{stack.gateway}/api/services/download/{token}", timeout=30)
        requests.get(f"{stack.gateway}/api/aquarius/assets/ddo/{url}", timeout=30)

    use()
    stack_commands.stop(stack.config.run_dir, "egress")
    try:
        good = market.params(bought)
        secrets.append(good["signature"][2:])
        assert_json_error(as_answer(market.client.download(good)), 502)
    finally:
        stack_commands.restart(stack.config, "egress")
    stack_commands.stop(stack.config.run_dir, "auth")
    try:
        good = market.params(bought)
        market.client.download({**good, "signature": ""}, headers={"AuthToken": token})
        address = PrivateKey(key_text).address
        signature = personal.sign_text(AuthToken(address, "1").text(), PrivateKey(key_text))
        secrets.append(signature[2:])
        query = {"address": address, "nonce": "1", "expiration": "1", "signature": signature}
        gone = requests.get(f"{stack.gateway}/api/services/createAuthToken", params=query, timeout=30)
        assert_json_error(as_answer(gone), 502)
    finally:
        stack_commands.restart(stack.config, "auth")
    last = f"flushed-{time.time_ns()}"
    one(stack.gateway, request("GET", "/", f"X-Request-Id: {last}"))
    wait_for_log(stack, "gateway", last)
    for log in sorted((stack.config.run_dir / "logs").iterdir()):
        if log.name not in ("sample-access.log", "sample.log"):  # the origin's own
            text = log.read_text(errors="replace")
            found = [secret[:12] for secret in secrets if secret in text]
            assert not found, f"{log.name}: {found}\n" + "\n".join(_lines_with(text, secrets))


def _lines_with(text: str, secrets: list[str]) -> list[str]:
    return [line[:600] for line in text.splitlines() if any(secret in line for secret in secrets)][:5]
