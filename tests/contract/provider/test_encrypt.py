"""`POST /api/services/encrypt`. Source: contract 2.2 and 5.1."""

import json
from typing import Any

import ecies
import pytest

from libs.signing import ecies as ours
from libs.signing.keys import PrivateKey
from services.provider.adapters.keys import ProviderKeys
from tests.fakes.provider import PROVIDER_KEY, FakeChain
from tests.fakes.provider_app import Provider

pytestmark = pytest.mark.clause("ocean 2.2", "ocean 5.1")

PATH = "/api/services/encrypt"
OCTETS = "application/octet-stream"
OTHER_KEY = PrivateKey("0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8")


def post(provider: Provider, data: bytes = b'{"a":1}', query: str = "chainId=8996", **more: Any) -> Any:
    return provider.client().post(f"{PATH}?{query}", data=data, **{"content_type": OCTETS, **more})


def opened(answer: Any, key: str = PROVIDER_KEY) -> bytes:
    assert answer.status_code == 201
    assert answer.headers["Content-Type"].split(";")[0] == "text/plain"
    assert answer.data.startswith(b"0x")
    return ours.decrypt(PrivateKey(key), bytes.fromhex(answer.data[2:].decode()))


@pytest.mark.parametrize("data", [b"", b"x", b'{"a":1}', b"\x00\xff" * 1000, b"x" * 1_048_576])
def test_upstreams_library_opens_what_we_encrypt(provider: Provider, data: bytes) -> None:
    answer = post(provider, data)
    assert opened(answer) == data
    blob = bytes.fromhex(answer.data[2:].decode())
    assert len(blob) == len(data) + 97
    assert ecies.decrypt(PROVIDER_KEY, blob) == data


def test_get_with_a_body_works_too(provider: Provider) -> None:
    answer = provider.client().get(f"{PATH}?chainId=8996", data=b"x", content_type=OCTETS)
    assert opened(answer) == b"x"


@pytest.mark.parametrize("query", ["", "chainId=", "nonce=1&signature=0x00&consumerAddress=0x0"])
def test_chain_defaults_to_the_first_and_other_keys_are_ignored(provider: Provider, query: str) -> None:
    assert opened(post(provider, query=query)) == b'{"a":1}'


def test_leading_digits_of_chain_id_are_taken_because_ocean_js_glues_its_query(provider: Provider) -> None:
    assert opened(post(provider, query="chainId=8996?nonce=1&consumerAddress=0x0")) == b'{"a":1}'


@pytest.mark.parametrize(
    "query", ["chainId=abc", "chainId=-1", "chainId=%00", "chainId=1&chainId=8996", "chainId= 1"]
)
def test_chain_id_that_is_no_number_names_the_field(provider: Provider, query: str) -> None:
    answer = post(provider, query=query)
    assert answer.status_code == 400
    assert list(json.loads(answer.data)["errors"]) == ["chainId"]


def test_plain_key_serves_any_chain(provider: Provider) -> None:
    assert opened(post(provider, query="chainId=137")) == b'{"a":1}'


def test_each_chain_has_its_own_key_and_an_unknown_chain_fails() -> None:
    keys = ProviderKeys(by_chain={8996: PrivateKey(PROVIDER_KEY), 1: OTHER_KEY})
    provider = Provider(keys=keys, more_chains=[FakeChain(chain_id=1)])
    assert opened(post(provider, query="chainId=1"), "0x" + OTHER_KEY.secret.hex()) == b'{"a":1}'
    assert opened(post(provider, query="")) == b'{"a":1}'
    for query in ("chainId=5", "chainId=99999999999999999999999999"):
        answer = post(provider, query=query)
        assert answer.status_code == 400
    answer = post(provider, query="chainId=5")
    assert answer.data == b'{"error":"Failed to encrypt."}'


@pytest.mark.parametrize("content_type", [f"{OCTETS}; charset=utf-8", "Application/Octet-Stream"])
def test_only_the_media_type_counts(provider: Provider, content_type: str) -> None:
    assert opened(post(provider, content_type=content_type)) == b'{"a":1}'


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "application/octet-streams"])
def test_other_content_types_are_refused(provider: Provider, content_type: str) -> None:
    answer = post(provider, content_type=content_type)
    assert answer.status_code == 400
    text = b'{"error":"Invalid request content type: should be application/octet-stream"}'
    assert answer.data == text


def test_bodies_above_the_limit_are_413_and_not_read() -> None:
    provider = Provider(variables={"MAX_ENCRYPT_BYTES": "10"})
    assert opened(post(provider, b"x" * 10)) == b"x" * 10
    answer = post(provider, b"x" * 11)
    assert answer.status_code == 413
    assert list(json.loads(answer.data)) == ["error", "context"]


def test_bodies_without_a_stated_length_are_limited_too() -> None:
    provider = Provider(variables={"MAX_ENCRYPT_BYTES": "10"})
    environ = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    fine = post(provider, b"x" * 10, environ_overrides=environ)
    assert opened(fine) == b"x" * 10
    assert post(provider, b"x" * 11, environ_overrides=environ).status_code == 413


def test_two_encryptions_of_one_text_differ(provider: Provider) -> None:
    assert post(provider).data != post(provider).data


@pytest.mark.parametrize("size", [32_671, 32_672, 65_535, 100_000])
def test_large_answers_state_their_length(provider: Provider, size: int) -> None:
    answer = post(provider, b"x" * size)
    assert opened(answer) == b"x" * size
    assert answer.headers["Content-Length"] == str(len(answer.data))


def test_bodies_that_end_early_are_not_encrypted(provider: Provider) -> None:
    answer = post(provider, b"x" * 10, environ_overrides={"CONTENT_LENGTH": "11"})
    assert answer.status_code == 400
    assert list(json.loads(answer.data)["errors"]) == ["body"]


@pytest.mark.parametrize("query", ["", "chainId=8996"])
def test_the_short_way_of_plain_calls_answers_as_the_long_one(provider: Provider, query: str) -> None:
    short, long = post(provider, query=query), post(provider, query=query, content_type=f"{OCTETS};a=b")
    assert opened(short) == opened(long)
    assert short.status == long.status
    ids = [answer.headers.pop("X-Request-Id") for answer in (short, long)]
    assert len(set(ids)) == 2
    assert sorted(short.headers) == sorted(long.headers)
