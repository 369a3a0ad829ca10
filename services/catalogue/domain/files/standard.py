"""What files have without anybody declaring it, and conditions of a file search may name (contract 3.5)."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from services.catalogue.domain.files.fields import Field, FieldType, Level


class Standard(StrEnum):
    SE = "SE"
    SIZE = "Size"
    USER = "User"
    GROUP = "Group"
    NAME = "Name"
    FILE_NAME = "FileName"  # the same
    PATH = "Path"  # of the directory
    GUID = "GUID"
    CHECKSUM = "CheckSum"
    CREATION_DATE = "CreationDate"
    MODIFICATION_DATE = "ModificationDate"
    LAST_ACCESS_DATE = "LastAccessDate"  # reading leaves no trace: when it was changed last
    UID = "UID"
    GID = "GID"
    STATUS = "Status"


_WHOLE: Final = {Standard.SIZE, Standard.UID, Standard.GID}
_DATES: Final = {Standard.CREATION_DATE, Standard.MODIFICATION_DATE, Standard.LAST_ACCESS_DATE}


def _type(key: Standard) -> FieldType:
    if key in _WHOLE:
        return FieldType.INT
    return FieldType.DATE if key in _DATES else FieldType.STRING


STANDARD: Final[Mapping[str, Field]] = {
    key.value: Field(key.value, _type(key), Level.FILE) for key in Standard
}
