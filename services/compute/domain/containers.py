"""The container section of an algorithm (Ocean Provider contract 2.14). Pure; asks no registry."""

from collections.abc import Mapping

REQUIRED = ("entrypoint", "image", "checksum")
PREFIX = "sha256:"


class ContainerRefused(Exception):
    """The section cannot describe a container; `code` is what Ocean clients know the reason by."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def check_container(section: Mapping[str, object]) -> None:
    """`{"entrypoint", "image", "tag"?, "checksum"}`, all non-empty texts; the checksum starts with `sha256:`.

    Raises ContainerRefused.
    """
    values = [section.get(name) for name in REQUIRED]
    if not all(type(value) is str and value for value in values):  # a number is a text of another type
        raise ContainerRefused("missing_entrypoint_image_checksum")
    if not str(section["checksum"]).startswith(PREFIX):
        raise ContainerRefused("checksum_prefix")
