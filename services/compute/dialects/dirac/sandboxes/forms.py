"""Which form an archive goes out in (contract 2.5): as asked for, as the reader can take, as is usual."""

from typing import Final

from flask import request
from werkzeug.datastructures import MIMEAccept

from libs.web.params import BadParams
from services.compute.domain.archives.packing import FORMS, Form

USUAL: Final = "tar.gz"
OLD_READER: Final = ("java/", "jsaga")
"""What the user agents begin with that take bzip2 for granted."""

_SHORT: Final = {"gz": "tar.gz", "tgz": "tar.gz", "bz2": "tar.bz2", "tbz2": "tar.bz2", "zst": "tar.zst"}
_OTHER_TYPES: Final = {"application/x-gzip": "tar.gz", "application/bzip2": "tar.bz2"}


def form_named(name: str) -> Form | None:
    return FORMS.get(_SHORT.get(name, name))


def asked_form(usual: str) -> Form:
    """Of this request. Raises BadParams."""
    name = request.args.get("format")
    if name is not None:
        form = form_named(name.lower())
        if form is None:
            raise BadParams("format", f"format must be one of {', '.join(FORMS)}.")
        return form
    accepted = _accepted(request.accept_mimetypes)
    if accepted is not None:
        return accepted
    agent = request.headers.get("User-Agent", "").lower()
    return FORMS["tar.bz2" if agent.startswith(OLD_READER) else usual]


def _accepted(accepted: MIMEAccept) -> Form | None:
    """What a reader names; one who takes anything names nothing."""
    by_type = {form.media_type: form for form in FORMS.values()}
    by_type |= {media_type: FORMS[name] for media_type, name in _OTHER_TYPES.items()}
    named = [(quality, by_type[kind]) for kind, quality in accepted if kind in by_type and quality > 0]
    return max(named, key=lambda each: each[0])[1] if named else None
