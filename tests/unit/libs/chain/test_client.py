"""NETWORK_URL and the set of chains."""

import pytest

from libs.chain.client import Chains, build_chains, parse_network_urls
from libs.chain.errors import BadChainSettings, UnknownChain


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("http://a", {None: ("http://a",)}),
        (" http://a , http://b,", {None: ("http://a", "http://b")}),
        ('{"1":"http://a","5":["http://b","http://c"]}', {1: ("http://a",), 5: ("http://b", "http://c")}),
        ('{"1":"http://a,http://b"}', {1: ("http://a", "http://b")}),
    ],
)
def test_network_url_forms(setting: str, expected: object) -> None:
    assert parse_network_urls(setting) == expected


@pytest.mark.parametrize(
    "setting",
    ["", " ", ",", "{", '{"x":"http://KEY"}', '{"1":3}', '{"1":[]}', '{"1":[3]}', '{"1":{"a":"KEY"}}'],
)
def test_a_malformed_network_url_is_refused_without_quoting_it(setting: str) -> None:
    with pytest.raises(BadChainSettings) as caught:
        parse_network_urls(setting)
    assert "KEY" not in str(caught.value)


def test_chains_by_id() -> None:
    chains = build_chains('{"1":"http://127.0.0.1:1","137":["http://127.0.0.1:1"]}', None)
    assert chains.ids() == (1, 137)
    assert chains.default() is chains.get(1)
    assert chains.get(137).network == "polygon"
    with pytest.raises(UnknownChain):
        chains.get(2)


def test_a_plain_url_belongs_to_the_given_chain() -> None:
    assert build_chains("http://127.0.0.1:1", None, chain_id=137).ids() == (137,)


def test_a_chain_without_addresses_is_refused_at_start() -> None:
    with pytest.raises(UnknownChain):
        build_chains("http://127.0.0.1:1", None, chain_id=8996)


def test_no_chain_at_all_is_refused() -> None:
    with pytest.raises(BadChainSettings):
        Chains({})
