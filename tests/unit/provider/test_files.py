"""The files object: whose it is, and what is in it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provider.domain.files import MAX_FILES, FilesUnusable, NoSuchFile, parse_files, pick

pytestmark = pytest.mark.clause("ocean 6")

DATATOKEN = "0x358e56e10a4a906ABd6a941aDd851aedD69F65e2"
NFT = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
FILE = {"type": "url", "url": "https://files.test/a"}


def parse(document: object, *, version: str = "4.1.0", allow_unbound: bool = False) -> Any:
    text = document if isinstance(document, bytes) else json.dumps(document).encode()
    return parse_files(
        text, datatoken=DATATOKEN, nft_address=NFT, version=version, allow_unbound=allow_unbound
    )


def bound(**changes: object) -> dict[str, object]:
    return {"datatokenAddress": DATATOKEN, "nftAddress": NFT, "files": [FILE], **changes}


def test_the_files_of_the_asset() -> None:
    assert parse(bound()) == (FILE,)


def test_addresses_compare_in_any_case() -> None:
    assert parse(bound(datatokenAddress=DATATOKEN.lower(), nftAddress=NFT.lower())) == (FILE,)


@pytest.mark.parametrize(
    "changes",
    [
        {"datatokenAddress": NFT},
        {"nftAddress": DATATOKEN},
        {"datatokenAddress": None},
        {"nftAddress": ""},
        {"nftAddress": 5},
        {"nftAddress": [NFT]},
        {"nftAddress": "0x12"},
    ],
)
def test_a_blob_copied_from_another_asset_is_not_opened(changes: dict[str, object]) -> None:
    with pytest.raises(FilesUnusable):
        parse(bound(**changes))


@pytest.mark.parametrize("name", ["datatokenAddress", "nftAddress", "files"])
def test_all_three_keys_are_required(name: str) -> None:
    document = bound()
    del document[name]
    with pytest.raises(FilesUnusable):
        parse(document)


@pytest.mark.parametrize("files", [None, {}, "x", [], [1], [FILE, None], [[FILE]], [FILE] * (MAX_FILES + 1)])
def test_files_must_be_a_list_of_objects(files: object) -> None:
    with pytest.raises(FilesUnusable):
        parse(bound(files=files))


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe", b"null", b"5", b'"x"', b"[" * 100_000])
def test_what_is_no_files_object(text: bytes) -> None:
    with pytest.raises(FilesUnusable):
        parse(text)


@pytest.mark.parametrize("version", ["4.0.0", ""])
def test_bare_lists_of_the_first_version_need_a_setting(version: str) -> None:
    with pytest.raises(FilesUnusable):
        parse([FILE], version=version)
    assert parse([FILE], version=version, allow_unbound=True) == (FILE,)


def test_bare_lists_of_later_versions_are_never_opened() -> None:
    with pytest.raises(FilesUnusable):
        parse([FILE], allow_unbound=True)


def test_pick() -> None:
    assert pick((FILE, {}), 1) == {}
    for index in (2, -1, 10**30):
        with pytest.raises(NoSuchFile):
            pick((FILE, {}), index)


@given(st.binary(max_size=100))
def test_any_plaintext_is_read_or_refused(text: bytes) -> None:
    with pytest.raises(FilesUnusable):
        parse(text)
