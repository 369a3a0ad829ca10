"""What may be registered, and the words it comes in (contract 3.6): checked before anything is stored."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, TypeVar
from uuid import uuid4

from services.catalogue.domain.files.entries import (
    DEFAULT_MODE,
    MAX_MODE,
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
from services.catalogue.domain.files.lfn import MAX_PATH_BYTES, ROOT, parse_lfn

T = TypeVar("T")
OWN_SCHEME: Final = "tidegate:"
MAX_SIZE: Final = 2**53 - 1  # what every JSON reader keeps; more than any file system holds
MAX_SE_BYTES: Final = 128
MAX_NAME_BYTES: Final = 255  # of an owner or a group
MAX_LISTED: Final = 100  # replicas or ancestors of one file
DIGITS: Final = {
    ChecksumType.ADLER32: 8,
    ChecksumType.MD5: 32,
    ChecksumType.SHA256: 64,
    ChecksumType.SHA512: 128,
}
_GUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEX: Final = re.compile(r"[0-9a-f]*")
_OCTAL: Final = re.compile(r"0?[0-7]{3,4}")
_CONTROLS: Final = re.compile(r"[\0-\x1f\x7f]")
_WORDS: Final = {
    "Size", "Checksum", "ChecksumType", "GUID", "Mode", "SE", "PFN", "Replicas", "Ancestors", "Status",
    "Type", "metadata",
}  # fmt: skip


def read_new_file(lfn: str, item: Mapping[str, object]) -> NewFile:
    """What PUT and bulks say of a file, neither `checked` nor its metadata typed. Raises InvalidValue."""
    if not _WORDS.issuperset(item):
        raise InvalidValue(sorted(map(str, set(item) - _WORDS))[0][:64], "is not known here")
    metadata = item.get("metadata")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise InvalidValue("metadata", "is an object")
    return NewFile(
        lfn=lfn,
        size=read_size(item.get("Size")),
        checksum=read_text("Checksum", item.get("Checksum")),
        checksum_type=_read(ChecksumType, "ChecksumType", item, ChecksumType.ADLER32),
        guid=read_text("GUID", item.get("GUID")) or None,
        mode=read_mode(item.get("Mode", DEFAULT_MODE)),
        type=_read(FileType, "Type", item, FileType.FILE),
        status=_read(Status, "Status", item, Status.GOOD),
        replicas=_read_replicas(item),
        ancestors=read_paths("Ancestors", item.get("Ancestors")),
        metadata=metadata or {},
    )


def read_attributes(item: Mapping[str, object]) -> NewAttributes:
    """What PATCH and bulks change. Raises InvalidValue."""
    if odd := set(item) - {"Mode", "Owner", "OwnerGroup", "Status"}:
        raise InvalidValue(sorted(map(str, odd))[0][:64], "does not change here")
    owner, group = read_text("Owner", item.get("Owner")), read_text("OwnerGroup", item.get("OwnerGroup"))
    change = NewAttributes(
        mode=read_mode(item["Mode"]) if "Mode" in item else None,
        owner=checked_name("Owner", owner) if "Owner" in item else None,
        group=checked_name("OwnerGroup", group) if "OwnerGroup" in item else None,
        status=read_status(item["Status"]) if "Status" in item else None,
    )
    if change == NewAttributes():
        raise InvalidValue("Mode", "nothing is said that should change")
    return change


def checked(new: NewFile) -> NewFile:
    """With everything as it is stored. Raises InvalidValue, InvalidPath."""
    lfn = parse_lfn(new.lfn)
    if lfn == ROOT or lfn.count("/") == 1:
        raise InvalidPath("A file lies in a directory of its VO.")
    if len(new.replicas) > MAX_LISTED or len(new.ancestors) > MAX_LISTED:
        raise InvalidValue("Replicas" if len(new.replicas) > MAX_LISTED else "Ancestors", "too many")
    return replace(
        new,
        lfn=lfn,
        size=read_size(new.size),
        checksum=checked_checksum(new.checksum, new.checksum_type),
        guid=None if new.guid is None else checked_guid(new.guid),
        mode=read_mode(new.mode),
        replicas={checked_se(se): checked_pfn(pfn) or lfn for se, pfn in new.replicas.items()},
        ancestors=tuple(dict.fromkeys(map(parse_lfn, new.ancestors))),
    )


def new_guid() -> str:
    return str(uuid4())


def checked_guid(text: str) -> str:
    """Lower-case. Raises InvalidValue."""
    lowered = text.lower()
    if _GUID.fullmatch(lowered) is None:
        raise InvalidValue("GUID", "is no UUID")
    return lowered


def checked_checksum(text: str, kind: ChecksumType) -> str:
    """Lower-case; empty is unknown. Raises InvalidValue."""
    lowered = text.lower()
    if lowered and (len(lowered) != DIGITS[kind] or _HEX.fullmatch(lowered) is None):
        raise InvalidValue("Checksum", f"{kind.value} has {DIGITS[kind]} hexadecimal digits")
    return lowered


def checked_se(name: str) -> str:
    """Raises InvalidValue: it stands in a URL's path."""
    if not name or name != name.strip() or "/" in name or name in (".", ".."):
        raise InvalidValue("SE", "is no name of a storage element")
    return _checked_text("SE", name, MAX_SE_BYTES)


def checked_pfn(text: str) -> str:
    """Raises InvalidValue."""
    return _checked_text("PFN", text, MAX_PATH_BYTES)


def checked_name(word: str, text: str) -> str:
    """Of an owner or a group. Raises InvalidValue."""
    if not text.strip():
        raise InvalidValue(word, "is empty")
    return _checked_text(word, text, MAX_NAME_BYTES)


def checked_replica(lfn: str, se: str, pfn: str, status: Status) -> Replica:
    """Raises InvalidValue."""
    return Replica(se=checked_se(se), pfn=checked_pfn(pfn) or lfn, status=status, type=ReplicaType.REPLICA)


def refuse_own(replicas: Mapping[str, str], own_se: str | None, *, by_service: bool) -> None:
    """What this installation keeps is registered by its services only: whoever names such a replica reads its
    bytes, which need not be theirs. Raises NotPermitted.
    """
    if by_service:
        return
    if own_se is not None and own_se in replicas:
        raise NotPermitted(f"Replicas at {own_se} are registered by what stores them.")
    if any(pfn.lstrip().lower().startswith(OWN_SCHEME) for pfn in replicas.values()):
        raise NotPermitted(f"A PFN that begins with {OWN_SCHEME} is registered by what stores it.")


def read_mode(value: object) -> int:
    """An octal text or a number. Raises InvalidValue."""
    if isinstance(value, str) and _OCTAL.fullmatch(value) is not None:
        return int(value, 8)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_MODE:
        return value
    raise InvalidValue("Mode", "is an octal text like 0775, or a number up to 4095")


def read_size(value: object) -> int:
    """Raises InvalidValue."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE:
        raise InvalidValue("Size", "is a number of bytes")
    return value


def read_status(value: object) -> Status:
    """Raises InvalidValue."""
    return _one_of(Status, "Status", value)


def read_flag(word: str, value: object) -> bool:
    """False for None. Raises InvalidValue."""
    if value is not None and not isinstance(value, bool):
        raise InvalidValue(word, "is true or false")
    return bool(value)


def read_text(word: str, value: object) -> str:
    """Empty for None. Raises InvalidValue."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidValue(word, "is a text")
    return value


def read_paths(word: str, value: object) -> tuple[str, ...]:
    """A list of LFNs, or one. Raises InvalidValue."""
    if value is None:
        return ()
    listed = [value] if isinstance(value, str) else value
    if not isinstance(listed, list | tuple) or not all(isinstance(each, str) for each in listed):
        raise InvalidValue(word, "is a list of LFNs")
    return tuple(listed)


def _read_replicas(item: Mapping[str, object]) -> Mapping[str, str]:
    se, pfn, several = item.get("SE"), item.get("PFN"), item.get("Replicas")
    if several is None:
        if se is None and pfn:
            raise InvalidValue("SE", "is missing beside PFN")
        return {} if se is None else {read_text("SE", se): read_text("PFN", pfn)}
    if se is not None or pfn is not None:
        raise InvalidValue("Replicas", "stands instead of SE and PFN")
    if not isinstance(several, Mapping):
        raise InvalidValue("Replicas", "is an object of PFNs by SE")
    return {read_text("SE", name): read_text("PFN", place) for name, place in several.items()}


def _read(kind: Callable[[Any], T], word: str, item: Mapping[str, object], default: T) -> T:
    value = item.get(word)
    return default if value is None or value == "" else _one_of(kind, word, value)


def _one_of(kind: Callable[[Any], T], word: str, value: object) -> T:
    try:
        return kind(value)
    except ValueError:
        words = ", ".join(each.value for each in kind)  # type: ignore[attr-defined]
        raise InvalidValue(word, f"is one of {words}") from None


def _checked_text(word: str, text: str, most: int) -> str:
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise InvalidValue(word, "is no UTF-8") from None
    if size > most or _CONTROLS.search(text) is not None:
        raise InvalidValue(word, f"has {most} bytes at most, and no control characters")
    return text


def difference(new: NewFile, known: File) -> str | None:
    """In what a file that is there differs from the one that is registered, in words; None: it is the same
    again (contract 3.5).
    """
    if new.guid is not None and new.guid != known.guid:
        return "another GUID"
    if new.size != known.size:
        return "another size"
    if (new.checksum, new.checksum_type) != (known.checksum, known.checksum_type):
        return "another checksum"
    places = {replica.se: replica.pfn for replica in known.replicas}
    odd = next((se for se, pfn in new.replicas.items() if places.get(se) != pfn), None)
    return None if odd is None else f"another replica, or none, at {odd}"
