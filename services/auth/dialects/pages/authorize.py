"""`/oauth2/auth`: what an application asks, in plain words, and the person's answer (OAuth 2.1 4.1).

GET shows the question. POST with a decision answers it; POST with an application's parameters (OIDC 3.1.2.1,
and DIRAC's contract 1.1) has no effect and leads to the GET. The question is asked each time: agreeing once
does not agree to what a page somewhere else asks next.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode, urlsplit

from flask import Blueprint, Response, request

from libs.web.gate import public
from libs.web.params import FORM, BadParams, read_body
from services.auth.dialects.pages.choices import Choices, NotYours
from services.auth.dialects.pages.desk import Desk, Problem
from services.auth.dialects.pages.errors import ErrorPages
from services.auth.dialects.pages.filters import asked
from services.auth.dialects.pages.forms import LIMITS, BadForm, ForeignForm, check_origin
from services.auth.dialects.pages.responses import Permissions, form_targets
from services.auth.domain.secrets import new_secret
from services.auth.domain.sessions import SignedIn
from services.auth.ports import Clock
from services.auth.ports.tokens import SingleUse
from services.auth.usecases.consent import Approval, ConsentError, ConsentRequest, Consents

PATH: Final = "/oauth2/auth"
CONSENT, REQUEST = "consent", "consent-request"
HOUR: Final = 3600
HOURS: Final = (1, 4, 8, 24, 72, 168)
USUAL_HOURS: Final = 24  # what the DIRAC portal's form said (contract 1.1)
_AGAIN: Final = frozenset({"login", "select_account"})
Params = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Questions:
    """What the consent page works with; no question outlives its session."""

    consents: Consents
    single_use: SingleUse
    clock: Clock


def add(room: Blueprint, desk: Desk, questions: Questions, choices: Choices, errors: ErrorPages) -> None:
    page = ConsentPage(desk, questions, choices)

    @room.get(PATH)
    @public
    def authorize() -> Response:
        try:
            return page.ask(_params(request.query_string))
        except ConsentError as error:
            return _refusal(desk, errors, error)

    @room.post(PATH)
    @public
    def decide() -> Response:
        sent = _params(_body(), LIMITS.body)
        if "decision" not in sent:
            return desk.redirect(f"{PATH}?{_as_query(sent)}")
        check_origin(desk.address)
        if any(len(values) != 1 for values in sent.values()):
            raise BadForm
        form = {name: values[0] for name, values in sent.items()}
        desk.check(form, CONSENT)
        try:
            return page.decide(form)
        except ConsentError as error:
            return _refusal(desk, errors, error)


class ConsentPage:
    def __init__(self, desk: Desk, questions: Questions, choices: Choices) -> None:
        self._desk = desk
        self._consents = questions.consents
        self._single_use = questions.single_use
        self._clock = questions.clock
        self._choices = choices

    def ask(self, params: Params) -> Response:
        """Raises ConsentError, StoreUnavailable."""
        asked_for = self._consents.check(params)
        who = self._desk.signed_in()
        is_silent = "none" in asked_for.prompts
        if who is None or self._must_sign_in_again(who, asked_for):
            if is_silent:
                return self._no(asked_for, "login_required", "Nobody is signed in.")
            return self._desk.to_login(f"{PATH}?{_without_prompts(params)}")
        if is_silent:
            return self._no(asked_for, "consent_required", "The person has to be asked.")
        return self._page(who, asked_for, urlencode(params, doseq=True))

    def decide(self, form: Mapping[str, str]) -> Response:
        """Raises ConsentError, ForeignForm, BadForm, StoreUnavailable."""
        who = self._desk.signed_in()
        number, _, query = (self._desk.unseal(REQUEST, form.get("request", "")) or "").partition(" ")
        if not number:
            raise ForeignForm
        if who is None:
            return self._desk.to_login(f"{PATH}?{query}")
        asked_for = self._consents.check(_params(query.encode()))
        if form["decision"] not in ("allow", "deny"):
            raise BadForm
        if form["decision"] == "deny":
            self._answer(number)
            return self._desk.redirect(self._consents.refuse(asked_for))
        try:
            approval = self._approval(who, asked_for, form)
        except NotYours as error:
            return self._page(who, asked_for, query, Problem("Not that group", str(error)))
        self._answer(number)
        return self._desk.redirect(self._consents.approve(asked_for, approval))

    def _answer(self, number: str) -> None:
        """Each question shown is answered once, also when two clicks arrive together. Raises ForeignForm."""
        expires_at = self._clock.now() + self._desk.sessions.lifetime_seconds
        if not self._single_use.spend_foreign(CONSENT, number, expires_at):
            raise ForeignForm

    def _page(
        self, who: SignedIn, asked_for: ConsentRequest, query: str, problem: Problem | None = None
    ) -> Response:
        client, scopes = asked_for.client, asked_for.scopes
        return self._desk.page(
            "consent.html",
            200 if problem is None else 400,
            signed_in=who,
            permissions=Permissions(form_targets((asked_for.redirect_uri,))),
            problem=problem,
            action=PATH,
            token=self._desk.token(CONSENT),
            sealed=self._desk.seal(REQUEST, f"{new_secret()} {query}"),
            client_name=client.name,
            goes_to=_place(asked_for.redirect_uri),
            asked=asked(self._choices.allowed(who, scopes)),
            hours=HOURS if self._choices.wants_group(client, scopes) else (),
            chosen_hours=USUAL_HOURS,
            **self._choices.groups(who, client, scopes),
        )

    def _approval(self, who: SignedIn, asked_for: ConsentRequest, form: Mapping[str, str]) -> Approval:
        """Raises NotYours, BadForm."""
        client, scopes = asked_for.client, asked_for.scopes
        details = self._choices.details(who, client, scopes, form.get("group"))
        seconds = None
        if self._choices.wants_group(client, scopes):
            hours = form.get("hours", str(USUAL_HOURS))
            if hours not in {str(known) for known in HOURS}:
                raise BadForm
            seconds = int(hours) * HOUR
        return Approval(
            subject=who.subject,
            scopes=self._choices.allowed(who, scopes),
            details=details,
            seconds=seconds,
        )

    def _must_sign_in_again(self, who: SignedIn, asked_for: ConsentRequest) -> bool:
        if asked_for.prompts & _AGAIN:
            return True
        return asked_for.max_age is not None and self._desk.sessions.age(who) > asked_for.max_age

    def _no(self, asked_for: ConsentRequest, code: str, text: str) -> Response:
        return self._desk.redirect(self._consents.refuse(asked_for, code, text))


def _refusal(desk: Desk, errors: ErrorPages, error: ConsentError) -> Response:
    """To the application when we know it is the application, else to the person."""
    if error.redirect is not None:
        return desk.redirect(error.redirect)
    return errors.show(400, "This application's request is wrong", error.description)


def _params(text: bytes, most_bytes: int = LIMITS.query) -> Params:
    """Every name with all its values. Raises BadForm."""
    if len(text) > most_bytes or b"%00" in text or b"\x00" in text:
        raise BadForm
    try:
        return parse_qs(
            text.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=LIMITS.pairs
        )
    except ValueError as error:
        raise BadForm from error


def _body() -> bytes:
    """Raises BadForm."""
    try:
        body = read_body(request, LIMITS.body)
    except BadParams as error:
        raise BadForm from error
    if body and request.mimetype != FORM:
        raise BadForm
    return body


def _as_query(sent: Params) -> str:
    """An application's parameters from a form, and those of the query. Raises BadForm."""
    params: dict[str, list[str]] = {}
    for part in (_params(request.query_string), sent):
        for name, values in part.items():
            params.setdefault(name, []).extend(values)
    query = urlencode(params, doseq=True)
    if len(query) > LIMITS.query:
        raise BadForm
    return query


def _without_prompts(params: Params) -> str:
    """The request as it goes on after the login that it demanded; else it would demand it for ever."""
    kept = {name: values for name, values in params.items() if name != "max_age"}
    if "prompt" in kept:
        kept["prompt"] = [" ".join(word for word in kept["prompt"][0].split() if word not in _AGAIN)]
    return urlencode(kept, doseq=True)


def _place(uri: str) -> str:
    """Where the browser goes, in words."""
    parts = urlsplit(uri)
    if parts.hostname in ("127.0.0.1", "::1", "localhost"):
        return "a program on this computer"
    return parts.netloc if parts.scheme == "https" else f"the app {parts.scheme}"
