"""What a downloaded file is called, in the one header form Ocean clients can read. Source: contract 2.6."""

import mimetypes
import re
from contextlib import suppress
from email.message import Message
from os.path import splitext
from urllib.parse import unquote, urlsplit

MAX_NAME_CHARS = 200
FALLBACK = "download"
# Separators of paths, of header parameters, of drives; controls; what no Latin-1 header can carry.
_UNSAFE = re.compile(r'[/\\";:\x00-\x1f\x7f-\x9f]|[^\x00-\xff]')
_EXTENDED = re.compile(r"filename\*\s*=\s*([A-Za-z0-9_-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
_TYPES = mimetypes.MimeTypes(filenames=())  # the built-in table: the same answer on every machine


def attachment(name: str) -> str:
    """Exactly `attachment;filename=NAME`: ocean.js and ocean.py take everything after `=` for the name."""
    return f"attachment;filename={safe_name(name)}"


def download_name(disposition: str | None, url: str, fallback: str | None, content_type: str | None) -> str:
    """The origin's own name, else the fallback, else the last segment of `url`; an extension is added."""
    name = safe_name(_from_disposition(disposition) or fallback or _from_url(url))
    if not splitext(name)[1]:
        name += _TYPES.guess_extension(media_type(content_type)) or ""
    return name


def media_type(content_type: str | None) -> str:
    """`text/csv; charset=utf-8` -> `text/csv`; "" when there is none."""
    return (content_type or "").partition(";")[0].strip().lower()


def guess_type(name: str) -> str:
    """For a file whose origin says nothing."""
    return _TYPES.guess_type(name)[0] or "application/octet-stream"


def safe_name(name: str) -> str:
    """One path segment that no client can be steered with; never empty, never hidden, never `..`."""
    segment = re.split(r"[/\\]", name.strip())[-1]
    clean = _UNSAFE.sub("_", segment).strip(" .")
    if len(clean) > MAX_NAME_CHARS:
        stem, dot, extension = clean.rpartition(".")
        keeps = dot and len(extension) <= 16
        clean = stem[: MAX_NAME_CHARS - 17] + dot + extension if keeps else clean[:MAX_NAME_CHARS]
    return clean or FALLBACK


def _from_disposition(value: str | None) -> str | None:
    """`filename*` (RFC 8187) before `filename`; quoted or not, in any order."""
    if not value:
        return None
    with suppress(UnicodeError):
        value = value.encode("latin-1").decode("utf-8")  # raw UTF-8 in a header: common, if not allowed
    try:
        if extended := _EXTENDED.search(value):
            return unquote(extended[2], extended[1] or "utf-8", "replace")
        message = Message()
        message["Content-Disposition"] = re.sub(r"[\r\n]", " ", value[:4096])
        return message.get_filename()
    except (LookupError, ValueError):  # unknown character set, broken encoding
        return None


def _from_url(url: str) -> str:
    try:
        return unquote(urlsplit(url).path.rsplit("/", 1)[-1])
    except ValueError:
        return ""
