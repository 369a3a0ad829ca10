"""Addresses of stored objects: who holds them, who may use them, and texts that are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.domain.objects import (
    MAX_NAME,
    Address,
    Holder,
    Scope,
    address_of,
    is_object_name,
    read_address,
)

MINE = Scope(Holder.OWNER, "person:a/b%c")
OURS = Scope(Holder.GROUP, "CCFE/JINTRAC")


@pytest.mark.parametrize("scope", [MINE, OURS])
def test_written_and_read_again(scope: Scope) -> None:
    address = Address(scope, "a/b c:1.sif")
    assert read_address(str(address)) == address
    assert str(address).count("/") == 2


@given(st.sampled_from(Holder), st.text(min_size=1, max_size=20), st.text(max_size=20))
def test_whatever_the_holder_is_called(holder: Holder, name: str, rest: str) -> None:
    try:
        name.encode()
    except UnicodeEncodeError:
        return
    address = Address(Scope(holder, name), f"x{rest.replace('/', '')}")
    if is_object_name(address.name):
        assert read_address(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "owner:a",
        "owner:a/",
        "owner:a//b",
        "owner:a/../b",
        "owner:a/b\0",
        "nobody:a/b",
        "owner/b",
        "owner:a:b/c",
        "owner:a%2/b",
        "owner:%61/b",
        "group:a b/c",
        f"owner:a/{'x' * (MAX_NAME + 1)}",
    ],
)
def test_texts_that_are_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r"no address|not a valid Holder"):
        read_address(text)


def test_who_may_use_what() -> None:
    assert MINE.may_use({"person:a/b%c"}, {"person:a/b%c"})
    assert not MINE.may_use({"person:a/b"}, {"person:a/b%c"})
    assert OURS.may_use({"CCFE/JINTRAC"}, {"x", "CCFE/JINTRAC"})
    assert not OURS.may_use({"CCFE/JINTRAC"}, {"CCFE", "CCFE/JINTRACX"})


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("x.tgz", Address(Scope(Holder.OWNER, "me"), "x.tgz")),
        ("a/x", Address(Scope(Holder.GROUP, "a"), "x")),
        ("a/b/x", Address(Scope(Holder.GROUP, "a/b"), "x")),
        ("a/c/x", Address(Scope(Holder.GROUP, "a"), "c/x")),
        ("ab/x", None),
        ("b/x", None),
        ("/x", None),
    ],
)
def test_what_a_name_means_to_whom(name: str, address: Address | None) -> None:
    assert address_of(name, "me", ("a", "a/b")) == address
