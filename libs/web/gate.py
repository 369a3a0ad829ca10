"""Who may call which route: every route says so, and one that does not is closed.

    @public                      anybody
    @signed                      the route itself checks a signature, an AuthToken or a client's secret
    @service_only                one of our services; `requires_service` sets it
    @needs("job:read", ...)      whoever proves to be somebody and may do all of these; `g.principal` is set

`install_gate(app, gate)` is create_app's last line: an app with an unmarked route does not start. A room says
with `add_window` how its clients bring a credential and what a refusal looks like to them.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar, cast

from flask import Blueprint, Flask, Request, Response, g, jsonify, request

from libs.web.callers import Asked, Asking, Bare
from libs.web.client_certificate import NO_CERTIFICATES, CertificateHeaders
from libs.web.credentials import INVALID_TOKEN, BadCredential, Caller, Credential, bearer, quoted
from libs.web.http import PeerUnavailable
from libs.web.principal import Principal

log = logging.getLogger(__name__)
View = TypeVar("View", bound=Callable[..., Any])
PUBLIC, SIGNED, SERVICE, NEEDS = "public", "signed", "service", "needs"
ADMIN: Final = "admin"
MISSING: Final = "credential_missing"  # our own code: RFC 6750 has none when nothing was given
_ATTRIBUTE: Final = "__tidegate_mark__"
_WINDOWS: Final = "tidegate_windows"
_GATE: Final = "tidegate_gate"
_DECIDED: Final = "tidegate.decided"
Headers = Mapping[str, str]


class UnmarkedRoutes(Exception):
    """An app whose routes do not all say who may call them; the message lists them."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("The app does not start. " + " ".join(problems))
        self.problems = problems


class Refused(Exception):
    """The credential does not count; `code` as in RFC 6750."""

    def __init__(self, text: str = "The credential is not valid.", code: str = INVALID_TOKEN) -> None:
        super().__init__(text)
        self.code = code


class TooManyTries(Exception):
    """Locked after wrong guesses; `retry_after` in seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__("Too many failed attempts. Try again later.")
        self.retry_after = retry_after


class PrincipalSource(Protocol):
    def principal(self, credential: Credential, caller: Caller) -> Principal:
        """Whose credential it is, at this moment.

        Raises Refused, TooManyTries, PeerUnavailable (never a guess of what auth would say).
        """


@dataclass(frozen=True, slots=True)
class Mark:
    kind: str
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """How the clients of one room bring a credential, and the shape of a refusal there.

    `read` returns None when there is no credential, and raises BadCredential. `render` gets status, code
    (RFC 6750's, `credential_missing`, `too_many_requests` or `temporarily_unavailable`), a sentence, and the
    headers that the answer must carry. `challenge` opens WWW-Authenticate.
    """

    name: str
    read: Callable[[Request], Credential | None]
    render: Callable[[int, str, str, Headers], Response]
    challenge: str = 'Bearer realm="tidegate"'


def public(view: View) -> View:
    return _marked(view, Mark(PUBLIC))


def signed(view: View) -> View:
    return _marked(view, Mark(SIGNED))


def service_only(view: View) -> View:
    return _marked(view, Mark(SERVICE))


def needs(*scopes: str) -> Callable[[View], View]:
    """Without scopes: any credential that counts."""
    return lambda view: _marked(view, Mark(NEEDS, scopes))


def mark_of(view: object) -> Mark | None:
    return getattr(view, _ATTRIBUTE, None)


def add_window(app: Flask, room: Blueprint | None, window: Window) -> None:
    """`window` is the one of `room`'s routes; without a room, of every route whose room has none."""
    app.extensions.setdefault(_WINDOWS, {})["" if room is None else room.name] = window


def install_gate(app: Flask, gate: "Gate") -> None:
    """Close `app`; call it last in create_app. Raises UnmarkedRoutes."""
    problems = [f"{rule.rule} ({rule.endpoint}) does not say who may call it." for rule in unmarked(app)]
    problems += [
        f"{rule.rule} ({rule.endpoint}) needs a principal and its room has no window."
        for rule in app.url_map.iter_rules()
        if _kind(app, rule.endpoint) == NEEDS and window_of(app, rule.endpoint) is None
    ]
    if problems:
        raise UnmarkedRoutes(problems)
    app.extensions[_GATE] = gate
    app.before_request(gate.guard(app))


def unmarked(app: Flask) -> list[Any]:
    """The rules of routes that nobody marked."""
    return [rule for rule in app.url_map.iter_rules() if _kind(app, rule.endpoint) is None]


def window_of(app: Flask, endpoint: str) -> Window | None:
    """Of the innermost room that has one (`dialect.room.view`)."""
    windows: Mapping[str, Window] = app.extensions.get(_WINDOWS, {})
    room = endpoint
    while room:
        room = room.rpartition(".")[0]
        if room in windows:
            return windows[room]
    return None


class Gate:
    """Decides each request before its view runs. `source` is None where no route needs a principal;
    `certificates` says how the gateway tells of client certificates, which some tokens are bound to.
    """

    def __init__(
        self, source: PrincipalSource | None = None, certificates: CertificateHeaders = NO_CERTIFICATES
    ) -> None:
        self._source = source
        self._certificates = certificates

    def guard(self, app: Flask) -> Callable[[], Response | None]:
        """Flask's before_request: None lets the request go on."""

        def check() -> Response | None:
            rule = request.url_rule
            if rule is None:
                return None  # no route: Flask answers 404 or 405
            mark = mark_of(app.view_functions.get(rule.endpoint))
            if mark is not None and mark.kind != NEEDS:
                return None
            window = window_of(app, rule.endpoint)
            if mark is None or window is None:
                log.error("a route without a mark or window was asked for", extra={"route": rule.rule})
                return _plain(403, "access_denied", "This route is closed.", {})
            return self.admit(window, mark.scopes)

        return check

    def admit(self, window: Window, scopes: tuple[str, ...] = ()) -> Response | None:
        """Set `g.principal`, or return the refusal. For routes that want a principal in some cases only."""
        asked: Request = cast(Any, request)._get_current_object()  # each look at the proxy costs
        try:
            credential = window.read(asked)
            if credential is None:
                return _refusal(window, 401, MISSING, "A credential is required.")
            principal = self._principal(window, credential, asked.environ)
        except BadCredential as error:
            return _refusal(window, error.status, error.code, str(error))
        except Refused as error:
            return _refusal(window, 401, error.code, str(error))
        except TooManyTries as error:
            headers = {"Retry-After": str(error.retry_after)}
            return window.render(429, "too_many_requests", str(error), headers)
        except PeerUnavailable:
            text = "Credentials cannot be checked right now."
            return window.render(503, "temporarily_unavailable", text, {"Retry-After": "1"})
        if not _may(principal, scopes):
            return _refusal(window, 403, "insufficient_scope", _lacking(scopes), scopes)
        g.principal = principal
        return None

    def admitted(self, window: Window, scopes: tuple[str, ...], asked: Bare) -> Principal | None:
        """As `admit`, for whoever answers before Flask: None unless the request may go on, and then Flask's
        turn is next. What was found out goes along with it: nothing is asked, or counted as a guess, twice.

        `window.read` must look at nothing but the environ.
        """
        environ = asked.environ
        try:
            credential = window.read(cast(Request, asked))
            if credential is None:
                return None
            outcome: Principal | Exception = self._principal(window, credential, environ)
        except BadCredential:
            return None
        except (Refused, TooManyTries, PeerUnavailable) as error:
            outcome = error
        environ[_DECIDED] = (window.name, credential, outcome)
        return outcome if isinstance(outcome, Principal) and _may(outcome, scopes) else None

    def _principal(self, window: Window, credential: Credential, environ: dict[str, Any]) -> Principal:
        """Raises Refused, TooManyTries, PeerUnavailable."""
        decided = environ.pop(_DECIDED, None)
        if decided is not None and decided[:2] == (window.name, credential):
            if isinstance(decided[2], Exception):
                raise decided[2]
            return cast(Principal, decided[2])
        if self._source is None:
            raise PeerUnavailable("auth", "no way to ask it is set")
        return self._source.principal(credential, Asking(window.name, environ, self._certificates))

    def watch(self, window: Window, *scopes: str) -> Callable[[], bool]:
        """For answers that last: whether this request's credential still counts, to be asked later, also
        outside of the request. Doubt is no: whoever is told so comes again, and is told why.
        """
        asked: Request = cast(Any, request)._get_current_object()
        credential, source = window.read(asked), self._source
        asking = Asking(window.name, asked.environ, self._certificates)
        caller = Asked(window.name, asking.peer, asking.thumbprint)

        def still_counts() -> bool:
            if credential is None or source is None:
                return False
            try:
                return source.principal(credential, caller).may(*scopes)
            except (Refused, TooManyTries, PeerUnavailable):
                return False

        return still_counts


def gate_of(app: Flask) -> Gate:
    """The gate of a closed app."""
    gate: Gate = app.extensions[_GATE]
    return gate


def read_bearer(asked: Request) -> Credential | None:
    """RFC 6750's header form, for `Window.read`."""
    return bearer(asked.environ.get("HTTP_AUTHORIZATION"))


def rfc6750_window(name: str, read: Callable[[Request], Credential | None] = read_bearer) -> Window:
    """The plain window: `{"error", "error_description"}`, as OAuth2 clients read it."""
    return Window(name, read, _plain)


def _plain(status: int, code: str, text: str, headers: Headers) -> Response:
    response = jsonify(error=code, error_description=text)
    response.status_code = status
    response.headers.extend(dict(headers))
    response.headers["Cache-Control"] = "no-store"
    return response


def _refusal(window: Window, status: int, code: str, text: str, scopes: tuple[str, ...] = ()) -> Response:
    challenge = window.challenge
    if code != MISSING and challenge.startswith("Bearer"):
        challenge += f', error="{quoted(code)}", error_description="{quoted(text)}"'
        challenge += f', scope="{quoted(" ".join(scopes))}"' if scopes else ""
    return window.render(status, code, text, {"WWW-Authenticate": challenge})


def _may(principal: Principal, scopes: tuple[str, ...]) -> bool:
    return principal.may(*scopes) and (ADMIN not in scopes or principal.is_admin)


def _lacking(scopes: tuple[str, ...]) -> str:
    return f"This needs the scope {' '.join(scopes)}."


def _marked(view: View, mark: Mark) -> View:
    if mark_of(view) is not None:
        raise ValueError(f"{getattr(view, '__name__', view)} is marked twice")
    setattr(view, _ATTRIBUTE, mark)
    return view


def _kind(app: Flask, endpoint: str) -> str | None:
    mark = mark_of(app.view_functions.get(endpoint))
    return None if mark is None else mark.kind
