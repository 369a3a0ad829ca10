"""What may be registered, and the words it comes in."""

from dataclasses import replace
from typing import Any

import pytest

from services.catalogue.domain.files.entries import (
    Attributes,
    ChecksumType,
    File,
    FileType,
    NewAttributes,
    NewFile,
    Replica,
    ReplicaType,
    Status,
)
from services.catalogue.domain.files.errors import InvalidPath, InvalidValue, NotPermitted
from services.catalogue.domain.files.registering import (
    checked,
    checked_guid,
    difference,
    read_attributes,
    read_flag,
    read_new_file,
    refuse_own,
)

LFN = "/vo/d/f"
GUID = "0F4B2A6E-0000-4000-8000-00000000ABCD"


def _file(lfn: str = LFN, **item: object) -> NewFile:
    return checked(read_new_file(lfn, {"Size": 12, **item}))


def test_all_words_are_read() -> None:
    new = _file(
        "/vo/d/f//",
        Checksum="CC500BA0",
        ChecksumType="Adler32",
        GUID=GUID,
        Mode="0640",
        Replicas={"SE1": "srm://x", "SE2": ""},
        Ancestors=["/vo/a", "/vo/a/", "/vo/b"],
        Status="Probing",
        Type="Link",
        metadata={"run": 7},
    )
    assert new == NewFile(
        lfn=LFN,
        size=12,
        checksum="cc500ba0",
        checksum_type=ChecksumType.ADLER32,
        guid=GUID.lower(),
        mode=0o640,
        type=FileType.LINK,
        status=Status.PROBING,
        replicas={"SE1": "srm://x", "SE2": LFN},
        ancestors=("/vo/a", "/vo/b"),
        metadata={"run": 7},
    )


def test_what_is_not_said_is_the_usual() -> None:
    new = _file(SE="SE1", PFN="srm://x", GUID="", ChecksumType=None)
    assert (new.checksum, new.guid, new.mode, new.status) == ("", None, 0o775, Status.GOOD)
    assert new.replicas == {"SE1": "srm://x"}
    assert _file(SE="SE1").replicas == {"SE1": LFN}
    assert _file(Mode=509).mode == 0o775
    assert _file(Ancestors="/vo/a").ancestors == ("/vo/a",)


@pytest.mark.parametrize(("kind", "digits"), [("Adler32", 8), ("MD5", 32), ("SHA256", 64), ("SHA512", 128)])
def test_a_checksum_has_the_digits_of_its_type(kind: str, digits: int) -> None:
    assert _file(Checksum="Ab" * (digits // 2), ChecksumType=kind).checksum == "ab" * (digits // 2)
    for text in (
        "a" * (digits - 1),
        "a" * (digits + 1),
        "g" * digits,
        " " + "a" * (digits - 1),
        "٣" * digits,
    ):
        with pytest.raises(InvalidValue, match="Checksum"):
            _file(Checksum=text, ChecksumType=kind)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Size", None),
        ("Size", -1),
        ("Size", 1.0),
        ("Size", True),
        ("Size", "12"),
        ("Size", 2**53),
        ("Checksum", 5),
        ("ChecksumType", "CRC"),
        ("ChecksumType", ["MD5"]),
        ("GUID", "nonsense"),
        ("GUID", "0f4b2a6e00004000800000000000abcd"),
        ("GUID", 7),
        ("Mode", "888"),
        ("Mode", "10000"),
        ("Mode", -1),
        ("Mode", 0o10000),
        ("Mode", True),
        ("Mode", None),
        ("Mode", 1.5),
        ("Status", "Good"),
        ("Status", {}),
        ("Type", "Directory"),
        ("SE", "a/b"),
        ("SE", ""),
        ("SE", ".."),
        ("SE", " a"),
        ("SE", "a" * 129),
        ("SE", "a\0"),
        ("SE", "\ud800"),
        ("SE", 4),
        ("PFN", "srm://x"),
        ("Replicas", []),
        ("Replicas", {"SE": 5}),
        ("Replicas", {"SE": "x\ny"}),
        ("Replicas", {"SE": "x" * 4097}),
        ("Replicas", {f"SE{number}": "x" for number in range(101)}),
        ("Ancestors", [5]),
        ("Ancestors", {"/vo/a": 1}),
        ("Ancestors", [f"/vo/{number}" for number in range(101)]),
        ("metadata", []),
        ("Owner", "bob"),
        ("size", 12),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_wrong_is_named(name: str, value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        _file(**{name: value})
    expected = {"PFN": "SE", "Replicas": caught.value.name}.get(name, name)
    assert caught.value.name == expected


def test_replicas_are_said_one_way() -> None:
    with pytest.raises(InvalidValue):
        _file(SE="SE1", PFN="x", Replicas={"SE2": "y"})


@pytest.mark.parametrize(
    "lfn", ["", "/", "/vo", "/vo/", "vo/f", "/vo/../f", "/vo//f", "/vo/\0", "/vo/" + "x" * 300]
)
def test_a_file_lies_in_a_vo(lfn: str) -> None:
    with pytest.raises(InvalidPath):
        _file(lfn)
    with pytest.raises(InvalidPath):
        _file(Ancestors=["/vo/ok", "relative"])


@pytest.mark.parametrize(
    "replicas",
    [
        {"OWN": "x"},
        {"A": "x", "OWN": "x"},
        {"A": "tidegate:catalogue:files/aa/1"},
        {"A": " TideGate:x"},
        {"A": "x", "B": "tidegate:"},
    ],
    ids=str,
)
def test_what_we_keep_is_registered_by_us_only(replicas: dict[str, str]) -> None:
    with pytest.raises(NotPermitted):
        refuse_own(replicas, "OWN", by_service=False)
    refuse_own(replicas, "OWN", by_service=True)


def test_other_places_are_anybodys() -> None:
    refuse_own({"A": "srm://x", "own": "file:///tidegate:x"}, "OWN", by_service=False)
    with pytest.raises(NotPermitted):
        refuse_own({"A": "tidegate:x"}, None, by_service=False)


def test_attributes_that_change() -> None:
    change = read_attributes({"Mode": "0700", "Owner": "bob", "OwnerGroup": "prod", "Status": "Trash"})
    assert change == NewAttributes(mode=0o700, owner="bob", group="prod", status=Status.TRASH)
    assert read_attributes({"Mode": 0}) == NewAttributes(mode=0)


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"Mode": None},
        {"Owner": ""},
        {"Owner": " "},
        {"Owner": 5},
        {"Owner": "x" * 256},
        {"OwnerGroup": "a\nb"},
        {"Status": None},
        {"Size": 5},
        {"Mode": "0775", "mode": "0775"},
    ],
    ids=str,
)
def test_attributes_that_do_not(item: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        read_attributes(item)


def test_a_guid_is_lower_case() -> None:
    assert checked_guid(GUID) == GUID.lower()
    for text in ("", GUID + "0", "{" + GUID + "}", GUID.replace("-", "_"), "\n" + GUID):
        with pytest.raises(InvalidValue):
            checked_guid(text)


@pytest.mark.parametrize("value", [None, False, True])
def test_a_flag_is_true_or_false(value: bool | None) -> None:
    assert read_flag("Force", value) is bool(value)
    others: tuple[object, ...] = (0, 1, "true", [])
    for other in others:
        with pytest.raises(InvalidValue, match=r"^Force: is true or false$"):
            read_flag("Force", other)


KNOWN = File(
    id=1,
    lfn=LFN,
    size=12,
    checksum="aa",
    checksum_type=ChecksumType.MD5,
    guid=GUID.lower(),
    type=FileType.FILE,
    attributes=Attributes(
        uid=1,
        owner="bob",
        gid=1,
        group="prod",
        mode=0o775,
        status=Status.GOOD,
        created_at=0.0,
        modified_at=0.0,
    ),
    replicas=(Replica(se="SE1", pfn="srm://x", status=Status.GOOD, type=ReplicaType.MASTER),),
)
SAME = NewFile(lfn=LFN, size=12, checksum="aa", checksum_type=ChecksumType.MD5, replicas={"SE1": "srm://x"})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, None),
        ({"guid": GUID.lower()}, None),
        ({"replicas": {}}, None),
        ({"mode": 0o700}, None),
        ({"guid": "0" + GUID.lower()[1:-1] + "e"}, "another GUID"),
        ({"size": 13}, "another size"),
        ({"checksum": "ab"}, "another checksum"),
        ({"checksum_type": ChecksumType.SHA256}, "another checksum"),
        ({"replicas": {"SE1": "srm://y"}}, "another replica, or none, at SE1"),
        ({"replicas": {"SE1": "srm://x", "SE2": "srm://x"}}, "another replica, or none, at SE2"),
    ],
    ids=str,
)
def test_in_what_a_file_differs_from_the_one_that_is_there(changes: dict[str, Any], told: str | None) -> None:
    assert difference(replace(SAME, **changes), KNOWN) == told
