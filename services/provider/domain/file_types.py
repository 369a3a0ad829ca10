"""The types of file objects: what each must hold, how its bytes are obtained. Source: contract section 6;
`lfn` is our own, a file of the file catalogue.

Texts of refusals are upstream's, word for word, because clients show them. Identifiers are checked by
grammar, so that none can be an absolute URL or climb out of its gateway.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlsplit
from uuid import uuid4

from services.provider.domain.errors import ProviderError
from services.provider.domain.origins import ContractCall, OriginRequest, Plan
from services.provider.domain.userdata import Userdata, as_json, as_query

MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 * 1024
MAX_URL_CHARS = 8192
MAX_QUERY_CHARS = 64 * 1024

MALFORMED = "malformed file object."
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,128}(?:/[A-Za-z0-9_.~!$'()*+,;=@-]{1,255}){0,16}/?")
_DOTS = re.compile(r"(?:^|/)\.{1,2}(?:/|$)")
_SHARE = re.compile(r"[A-Za-z0-9_-]{20,64}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}")
_HEADER_VALUE = re.compile(r"[\t\x20-\x7e\x80-\U0010ffff]*")


class FileObjectRefused(ProviderError):
    """A file object that cannot be used; `text` is fit for the caller."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class ArgumentsMissing(FileObjectRefused):
    """A contract call lacks arguments that only the consumer can give; the file object itself is fine."""


@dataclass(frozen=True, slots=True)
class Gateways:
    """Where content-addressed files are fetched from: roots, with or without a slash at the end."""

    ipfs: str = "https://ipfs.io"
    arweave: str = "https://arweave.net/"
    files: str | None = None  # where shared files of the file catalogue are, up to their token


@dataclass(frozen=True, slots=True, repr=False)
class UrlFile:
    type: ClassVar[str] = "url"
    url: str
    method: str
    headers: Mapping[str, str]

    def plan(self, userdata: Userdata, gateways: Gateways) -> OriginRequest:
        if self.method == "GET":
            return OriginRequest("GET", with_query(self.url, userdata), self.headers)
        if not userdata:
            return OriginRequest("POST", self.url, self.headers, b"")
        return OriginRequest("POST", self.url, self.headers, as_json(dict(userdata)), "application/json")


@dataclass(frozen=True, slots=True, repr=False)
class IpfsFile:
    type: ClassVar[str] = "ipfs"
    hash: str
    headers: Mapping[str, str]

    def plan(self, userdata: Userdata, gateways: Gateways) -> OriginRequest:
        root = gateways.ipfs.rstrip("/").removesuffix("/ipfs")
        url = with_query(f"{root}/ipfs/{self.hash}", userdata)
        return OriginRequest("GET", url, self.headers, fallback_name=uuid4().hex)


@dataclass(frozen=True, slots=True, repr=False)
class ArweaveFile:
    type: ClassVar[str] = "arweave"
    transaction_id: str
    headers: Mapping[str, str]

    def plan(self, userdata: Userdata, gateways: Gateways) -> OriginRequest:
        url = with_query(f"{gateways.arweave.rstrip('/')}/{self.transaction_id}", userdata)
        return OriginRequest("GET", url, self.headers, fallback_name=uuid4().hex)


@dataclass(frozen=True, slots=True, repr=False)
class GraphqlFile:
    type: ClassVar[str] = "graphql"
    url: str
    query: str
    headers: Mapping[str, str]

    def plan(self, userdata: Userdata, gateways: Gateways) -> OriginRequest:
        body: dict[str, Any] = {"query": self.query}
        if userdata:
            body["variables"] = dict(userdata)
        headers, data = self.headers, as_json(body)
        return OriginRequest("POST", self.url, headers, data, "application/json", uuid4().hex)


@dataclass(frozen=True, slots=True, repr=False)
class SmartContractFile:
    type: ClassVar[str] = "smartcontract"
    address: str
    abi: Mapping[str, Any]
    chain_id: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def plan(self, userdata: Userdata, gateways: Gateways) -> ContractCall:
        """Raises ArgumentsMissing when arguments are missing: absent, that is; 0 and "" are values."""
        names = [str(item.get("name", "")) for item in self.abi["inputs"]]
        if names and not userdata:
            raise ArgumentsMissing("Missing parameters")
        missing = [name for name in names if name not in userdata]
        if missing:
            raise ArgumentsMissing("Missing userparams: " + ",".join(missing))
        return ContractCall(self.address, self.abi, tuple(userdata[name] for name in names), self.chain_id)


@dataclass(frozen=True, slots=True, repr=False)
class LogicalFile:
    """`share` is the right to read it, which somebody who may gave away; the catalogue ends it."""

    type: ClassVar[str] = "lfn"
    lfn: str
    share: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def plan(self, userdata: Userdata, gateways: Gateways) -> OriginRequest:
        if gateways.files is None:
            raise FileObjectRefused("Unsupported type lfn")
        name = self.lfn.rpartition("/")[2]
        return OriginRequest("GET", f"{gateways.files}{self.share}", fallback_name=name, shown_name=name)


FileObject = UrlFile | IpfsFile | ArweaveFile | GraphqlFile | SmartContractFile | LogicalFile


def parse_file(raw: Mapping[str, Any]) -> FileObject:
    """Raises FileObjectRefused."""
    kind = raw.get("type")
    if not isinstance(kind, str):
        raise FileObjectRefused(MALFORMED)
    parse = _PARSERS.get(kind)
    if parse is None:
        shown = kind if re.fullmatch(r"[A-Za-z0-9_-]{1,32}", kind) else "given"
        raise FileObjectRefused(f"Unsupported type {shown}")
    return parse(raw)


def make_plan(raw: Mapping[str, Any], userdata: Userdata, gateways: Gateways) -> Plan:
    """From an entry of the files object straight to what must be done. Raises FileObjectRefused."""
    return parse_file(raw).plan(userdata, gateways)


def with_query(url: str, userdata: Userdata) -> str:
    """`url` with userdata added to whatever query it has, before any fragment."""
    if not userdata:
        return url
    base, _, _ = url.partition("#")
    glue = "&" if "?" in base else "?"
    return f"{base}{glue}{as_query(userdata)}"


def _url(raw: Mapping[str, Any]) -> FileObject:
    url = _text(raw, "url", "malformed service files, missing required keys.", MAX_URL_CHARS)
    method = raw.get("method") or "GET"
    if not isinstance(method, str):
        raise FileObjectRefused(MALFORMED)
    if method.upper() not in ("GET", "POST"):
        shown = method.lower() if re.fullmatch(r"[A-Za-z]{1,16}", method) else "given"
        raise FileObjectRefused(f"Unsafe method {shown}.")
    return UrlFile(url, method.upper(), _headers(raw))


def _ipfs(raw: Mapping[str, Any]) -> FileObject:
    found = _text(raw, "hash", "malformed service files, missing required keys.", MAX_URL_CHARS)
    return IpfsFile(_identifier(found), _headers(raw))


def _arweave(raw: Mapping[str, Any]) -> FileObject:
    found = _text(raw, "transactionId", "malformed service files, missing transactionId.", MAX_URL_CHARS)
    return ArweaveFile(_identifier(found), _headers(raw))


def _graphql(raw: Mapping[str, Any]) -> FileObject:
    url = _text(raw, "url", "missing graphql endpoint", MAX_URL_CHARS)
    query = _text(raw, "query", "missing graphql query", MAX_QUERY_CHARS)
    return GraphqlFile(url, query, _headers(raw))


def _smartcontract(raw: Mapping[str, Any]) -> FileObject:
    address = _text(raw, "address", "malformed smartcontract type, missing contract address", 64)
    abi = raw.get("abi")
    if not isinstance(abi, Mapping) or abi.get("type") != "function" or not _are_inputs(abi.get("inputs")):
        raise FileObjectRefused("invalid abi")
    if abi.get("stateMutability") not in ("view", "pure"):
        raise FileObjectRefused("only view or pure functions are allowed")
    if not isinstance(abi.get("name"), str) or not abi["name"]:
        raise FileObjectRefused("missing name")
    return SmartContractFile(address, abi, _chain_id(raw.get("chainId")))


def _logical(raw: Mapping[str, Any]) -> FileObject:
    lfn = _text(raw, "lfn", "malformed service files, missing required keys.", MAX_URL_CHARS)
    share = _text(raw, "share", "malformed service files, missing share.", MAX_URL_CHARS)
    if not lfn.startswith("/") or _SHARE.fullmatch(share) is None or not _is_printable(lfn):
        raise FileObjectRefused(MALFORMED)
    return LogicalFile(lfn, share)


def _is_printable(text: str) -> bool:
    return text.isprintable() and not any("\ud800" <= char <= "\udfff" for char in text)


def _are_inputs(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(item, Mapping) and isinstance(item.get("type"), str) for item in value
    )


def _chain_id(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
        return value
    raise FileObjectRefused(MALFORMED)


def _text(raw: Mapping[str, Any], name: str, absent: str, limit: int) -> str:
    value = raw.get(name)
    if value is None or value == "":
        raise FileObjectRefused(absent)
    if not isinstance(value, str) or len(value) > limit:
        raise FileObjectRefused(MALFORMED)
    return value


def _identifier(text: str) -> str:
    if not _IDENTIFIER.fullmatch(text) or _DOTS.search(text):
        raise FileObjectRefused(MALFORMED)
    return text


def _headers(raw: Mapping[str, Any]) -> dict[str, str]:
    given = raw.get("headers") or {}
    if not isinstance(given, Mapping) or len(given) > MAX_HEADERS:
        raise FileObjectRefused(MALFORMED)
    headers = {name: _header_value(value) for name, value in given.items()}
    if not all(isinstance(name, str) and _HEADER_NAME.fullmatch(name) for name in headers):
        raise FileObjectRefused(MALFORMED)
    if sum(len(name) + len(value) for name, value in headers.items()) > MAX_HEADER_BYTES:
        raise FileObjectRefused(MALFORMED)
    return headers


def _header_value(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not _HEADER_VALUE.fullmatch(value):
        raise FileObjectRefused(MALFORMED)
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise FileObjectRefused(MALFORMED)
    return value.strip()


_PARSERS: Mapping[str, Callable[[Mapping[str, Any]], FileObject]] = {
    "url": _url,
    "ipfs": _ipfs,
    "arweave": _arweave,
    "graphql": _graphql,
    "smartcontract": _smartcontract,
    "lfn": _logical,
}
TYPES = tuple(_PARSERS)


def url_name(url: str) -> str:
    """The last segment of a URL's path as written; "" when there is none. The query never shows."""
    try:
        return urlsplit(url).path.rsplit("/", 1)[-1]
    except ValueError:
        return ""
