"""The address file."""

import json
from pathlib import Path

import pytest

from libs.chain.addresses import load_address_file
from libs.chain.errors import BadChainSettings, UnknownChain

pytestmark = pytest.mark.clause("ocean C3.2")

OCEAN = "0xCfDdA22C9837aE76E0faA845354f33C62E03653a"


def write(folder: Path, content: object) -> Path:
    path = folder / "address.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_a_section_is_found_by_chain_id(tmp_path: Path) -> None:
    entries = {
        "chainId": 8996,
        "startBlock": 6,
        "Ocean": OCEAN.lower(),
        "ERC20Template": {"1": OCEAN, "2": OCEAN.upper().replace("0X", "0x")},
        "note": "not an address",
        "chainName": 3,
    }
    section = load_address_file(write(tmp_path, {"development": entries})).section(8996)
    assert (section.network, section.chain_id, section.start_block) == ("development", 8996, 6)
    assert section.address_of("Ocean") == OCEAN
    assert section.address_of("ERC20Template.2") == OCEAN
    assert section.address_of("note") is None


def test_without_a_file_the_packaged_one_is_used() -> None:
    addresses = load_address_file(None)
    assert addresses.section(1).address_of("Ocean") == "0x967da4048cD07aB37855c090aAF366e4ce1b9F48"
    assert addresses.section(11155111).start_block > 0


def test_an_unknown_chain_says_which() -> None:
    with pytest.raises(UnknownChain) as caught:
        load_address_file(None).section(123456789)
    assert caught.value.chain_id == 123456789


@pytest.mark.parametrize("content", ["", "[]", "{", "3", "\0"])
def test_a_file_that_is_no_address_file_is_refused(tmp_path: Path, content: str) -> None:
    with pytest.raises(BadChainSettings):
        load_address_file(write(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadChainSettings):
        load_address_file(tmp_path / "absent.json")


def test_sections_without_a_chain_id_are_ignored(tmp_path: Path) -> None:
    path = write(tmp_path, {"a": {"Ocean": OCEAN}, "b": None, "c": {"chainId": "1"}, "d": {"chainId": 1}})
    assert list(load_address_file(path).sections) == [1]
