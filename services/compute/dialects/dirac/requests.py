"""What callers send besides manifests: who they are, parameters, keys."""

import re
from typing import Final

from flask import g, request

from libs.web.idempotency import HEADER
from libs.web.params import BadParams, TooLarge, read_body
from libs.web.principal import Principal
from services.compute.dialects.dirac.errors import Forbidden, InvalidRequest
from services.compute.dialects.dirac.limits import MAX_BODY, MIB, Limits
from services.compute.usecases.viewers import Viewer, viewer_of

DIALECT: Final = "dirac"
MAX_PARTS: Final = 4000
FORM: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"
FORMS: Final = (FORM, MULTIPART)
_YES: Final = frozenset({"", "1", "true", "yes", "on"})
_NO: Final = frozenset({"0", "false", "no", "off"})
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
SUBMITTER: Final = "NormalUser"


def caller() -> Principal:
    principal: Principal = g.principal
    return principal


def viewer() -> Viewer:
    return viewer_of(caller())


def require_submitter() -> Principal:
    """Whoever acts for a group needs its property for it; whoever acts for none is nobody special.

    Raises Forbidden.
    """
    principal = caller()
    if principal.group is not None and SUBMITTER not in principal.properties:
        raise Forbidden(f"The group {principal.group} may not submit jobs: use one with {SUBMITTER}.")
    return principal


def settle_body(limits: Limits) -> None:
    """Before anything reads it, the gate's look for a token in it included. Raises BadParams, TooLarge.

    curl's `-d` calls JSON a form: it is none, and must not be used up as one.
    """
    sent = request.environ.get("CONTENT_TYPE", "").lower()  # not the request's own: it would be remembered
    if sent.startswith(MULTIPART):
        request.max_content_length = limits.sandbox_bytes + MAX_BODY + MIB
        request.max_form_memory_size = MAX_BODY
        request.max_form_parts = MAX_PARTS
    elif sent.startswith(FORM):
        body = read_body(request, MAX_BODY)
        if body.lstrip()[:1] in (b"{", b"["):
            request.environ["CONTENT_TYPE"] = "application/json"
        elif body.count(b"&") > MAX_PARTS:
            raise TooLarge("body", f"A form has {MAX_PARTS} parameters at most.")


def flag_parameter(name: str) -> bool:
    """Absent is false, there without a value is true (contract 0.2). Raises InvalidRequest."""
    return read_flag(name, request.values.get(name))


def read_flag(name: str, value: str | None) -> bool:
    """As `flag_parameter`, of a value at hand."""
    if value is None:
        return False
    word = value.strip().lower()
    if word not in _YES | _NO:
        raise InvalidRequest(f"{name} is one of true, yes, on, 1, false, no, off, 0.")
    return word in _YES


def key_text(sent: str | None) -> str | None:
    """An Idempotency-Key. Raises BadParams."""
    if sent is not None and _KEY.fullmatch(sent) is None:
        raise BadParams(HEADER, "An Idempotency-Key has 1 to 255 visible ASCII characters.")
    return sent
