"""The shapes of DDO versions 4.0.0 to 4.5.0 as one table; the checker and the JSON Schema both read it.

Source: contract 2.3. From 4.3.0 on texts and lists have lengths; 4.5.0 allows an asset without services.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Literal

VERSIONS = ("4.0.0", "4.1.0", "4.3.0", "4.5.0")
CURRENT = "4.5.0"


@dataclass(frozen=True, slots=True)
class Text:
    """`lines` allows line breaks; lengths are in characters."""

    lines: bool = False
    least: int = 0
    most: int | None = None
    start: str = ""


@dataclass(frozen=True, slots=True)
class Plain:
    kind: Literal["integer", "boolean", "context", "anything"]


@dataclass(frozen=True, slots=True)
class Object:
    fields: Mapping[str, "Field"] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Field:
    """`many`: a list; for texts a single text counts as a list of one. Null counts as absent."""

    shape: Text | Plain | Object
    required: bool = False
    many: bool = False
    least: int = 0
    most: int | None = None


@dataclass(frozen=True, slots=True)
class _Rules:
    """Which limits a version has."""

    lengths: bool
    current: bool

    def text(self, most: int = 256, *, least: int = 0, newest: int = 0, lines: bool = False) -> Text:
        if not self.lengths:
            return Text(lines=lines)
        return Text(lines=lines, least=newest if self.current and newest else least, most=most)

    def count(self, most: int = 64) -> int | None:
        return most if self.lengths else None


@cache
def ddo_shape(version: str) -> Object:
    """Raises KeyError for an unknown version."""
    if version not in VERSIONS:
        raise KeyError(version)
    rules = _Rules(lengths=version in ("4.3.0", "4.5.0"), current=version == "4.5.0")
    identity = Text(start="did:op:", least=71, most=71) if rules.lengths else Text(start="did:op:")
    services = Field(
        _service(rules),
        required=not rules.current,
        many=True,
        least=0 if rules.current else 1,
        most=rules.count(),
    )
    return Object(
        {
            "@context": Field(Plain("context"), required=True),
            "id": Field(identity, required=True),
            "version": Field(rules.text(16), required=True),
            "chainId": Field(Plain("integer"), required=True),
            "nftAddress": Field(rules.text(42, least=42), required=True),
            "metadata": Field(_metadata(rules), required=True),
            "services": services,
            "credentials": Field(_credentials(rules)),
        }
    )


def _metadata(rules: _Rules) -> Object:
    many = Field(rules.text(lines=True), many=True, most=rules.count())
    return Object(
        {
            "name": Field(rules.text(512, newest=4, lines=True), required=True),
            "type": Field(rules.text(lines=True), required=True),
            "description": Field(rules.text(7000, newest=10, lines=True), required=True),
            "author": Field(rules.text(lines=True), required=True),
            "license": Field(rules.text(lines=True), required=True),
            "copyrightHolder": Field(rules.text(512, lines=True)),
            "contentLanguage": Field(rules.text(lines=True)),
            "links": Field(rules.text(512, lines=True), many=True, most=rules.count()),
            "tags": many,
            "categories": many,
            "additionalInformation": Field(Plain("anything")),
            "algorithm": Field(_algorithm(rules)),
        }
    )


def _algorithm(rules: _Rules) -> Object:
    container = Object(
        {
            "entrypoint": Field(rules.text(newest=3), required=True),
            "image": Field(rules.text(newest=1), required=True),
            "tag": Field(rules.text(newest=1), required=True),
            "checksum": Field(rules.text(512, least=7), required=True),
        }
    )
    return Object(
        {
            "language": Field(rules.text()),
            "version": Field(rules.text()),
            "container": Field(container, required=True),
            "consumerParameters": Field(_parameter(rules), many=True, most=rules.count()),
        }
    )


def _parameter(rules: _Rules) -> Object:
    return Object(
        {
            "name": Field(rules.text(), required=True),
            "type": Field(rules.text(), required=True),
            "label": Field(rules.text(), required=True),
            "required": Field(Plain("boolean"), required=True),
            "description": Field(rules.text(7000, lines=True), required=True),
            "default": Field(rules.text(), required=True),
            "options": Field(rules.text(), many=True),
        }
    )


def _service(rules: _Rules) -> Object:
    trusted = Object(
        {
            "did": Field(rules.text(), required=True),
            "filesChecksum": Field(rules.text(1024), required=True),
            "containerSectionChecksum": Field(rules.text(1024), required=True),
        }
    )
    compute = Object(
        {
            "allowRawAlgorithm": Field(Plain("boolean"), required=True),
            "allowNetworkAccess": Field(Plain("boolean"), required=True),
            "publisherTrustedAlgorithmPublishers": Field(rules.text(), many=True),
            "publisherTrustedAlgorithms": Field(trusted, many=True),
        }
    )
    return Object(
        {
            "id": Field(rules.text(), required=True),
            "type": Field(rules.text(), required=True),
            "name": Field(rules.text(least=4)),
            "description": Field(rules.text(7000, least=10, lines=True)),
            "datatokenAddress": Field(rules.text(42, least=42), required=True),
            "serviceEndpoint": Field(rules.text(2048, least=10), required=True),
            "files": Field(rules.text(8192), required=True),
            "timeout": Field(Plain("integer"), required=True),
            "compute": Field(compute),
            "additionalInformation": Field(Plain("anything")),
            "consumerParameters": Field(_parameter(rules), many=True),
        }
    )


def _credentials(rules: _Rules) -> Object:
    item = Object(
        {
            "type": Field(rules.text(), required=True),
            "values": Field(rules.text(1024), required=True, many=True, least=1),
        }
    )
    return Object({"allow": Field(item, many=True), "deny": Field(item, many=True)})
