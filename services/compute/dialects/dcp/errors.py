"""What each refusal looks like: `{"error", "message", "code"}`, both texts the same (contract G9, 7)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

from flask import Response

from libs.web.dcp_window import invalid, refusal
from libs.web.json_bodies import UnknownCoding
from libs.web.params import BadParams, TooLarge
from services.compute.dialects.dcp.job_ids import BadJobId
from services.compute.dialects.dcp.ranges import InvalidRange
from services.compute.dialects.dcp.work.faults import WorkFunctionInvalid
from services.compute.domain import errors
from services.compute.domain.ledger import PLACES
from services.compute.usecases import payment_accounts as accounts
from services.compute.usecases.streams import TooManyStreams

Text = str | Callable[[Any], str]
MOST_TOLD: Final = 50
INVALID: Final = "InvalidRequest"


@dataclass(frozen=True, slots=True)
class Problem:
    """Of a document. `text` is told instead of both, where users of dcp-rest know one."""

    path: str
    reason: str
    code: str = INVALID
    text: str = ""
    more: Mapping[str, object] = field(default_factory=dict)


class BadDocument(Exception):
    """Every problem of it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(f"{problem.path} {problem.reason}" for problem in problems))
        self.problems = problems


class GroupDenied(Exception):
    """A compute group that there is not, or whose secret is another."""


class NoSuchSlice(Exception):
    """A number above the last."""


class JobIsClosed(Exception):
    """No slices can be added to it."""


# class -> (status, code, text). The nearest class in the error's own ancestry answers.
RESPONSES: Final[Mapping[type[Exception], tuple[int, str, Text]]] = {
    TooLarge: (413, "TooLarge", lambda e: e.message),
    UnknownCoding: (415, "UnsupportedMediaType", "The body's Content-Encoding must be gzip or none"),
    InvalidRange: (400, "InvalidRange", str),
    BadJobId: (400, "InvalidJobId", "A job id has 40 hex digits, with or without 0x"),
    NoSuchSlice: (404, "SliceNotFound", "Slice not found"),
    JobIsClosed: (409, "JobClosed", "The job takes no more slices"),
    GroupDenied: (403, "ComputeGroupDenied", "Access to the compute group is denied"),
    accounts.InvalidAddress: (400, "InvalidAddress", "The account's address is not valid"),
    accounts.SeveralAccounts: (400, "AmbiguousAccount", "Several accounts have this name: give an address"),
    accounts.BankKeystoreRefused: (403, "AccountLocked", str),
    accounts.AccountLocked: (403, "AccountLocked", "The password does not open the account's keystore"),
    accounts.NoSuchAccount: (403, "AccountNotFound", str),
    accounts.TooManyKeystores: (503, "Busy", "Too many keystores are being opened: try again later"),
    errors.AccountUnknown: (403, "AccountNotFound", "The payment account is not there any more"),
    errors.FundsShort: (402, "ENOFUNDS", "The payment account has not enough funds"),
    errors.TooManySlices: (413, "TooManySlices", lambda e: f"A job may have {e.most} slices"),
    errors.JobNotFound: (404, "JobNotFound", "Job not found"),
    errors.AlreadyFinished: (409, "JobClosed", "The job takes no more slices"),
    errors.BadSpec: (400, INVALID, str),
    errors.EnvironmentUnknown: (503, "Unavailable", "Nothing is there at the moment that runs such jobs"),
    errors.EnvironmentRefuses: (503, "Unavailable", "Nothing is there at the moment that runs such jobs"),
    errors.QuotaExceeded: (429, "TooManyJobs", str),
    errors.KeyReused: (409, "IdempotencyConflict", "The Idempotency-Key stood for another request before"),
    errors.KeyInFlight: (
        409,
        "IdempotencyConflict",
        "The first request with this Idempotency-Key is at work",
    ),
    errors.AgreementInUse: (409, "Conflict", "An unfinished job was started with the same payment"),
    errors.StoreUnavailable: (503, "Unavailable", "Jobs cannot be looked at right now"),
    TooManyStreams: (429, "TooManyWaiting", "Too many callers wait for results at the moment"),
}
RETRY_AFTER: Final[Mapping[int, str]] = {429: "5", 503: "2"}
ROOTS: Final = (
    errors.ComputeError,
    BadParams,
    BadDocument,
    InvalidRange,
    BadJobId,
    NoSuchSlice,
    JobIsClosed,
    GroupDenied,
    WorkFunctionInvalid,
)


def credits_text(amount: Decimal) -> str:
    """As balances and prices are shown: with all places."""
    return f"{amount:.{PLACES}f}"


def render_error(error: Exception) -> Response:
    """The answer for a known error; raises KeyError for a class the table does not name."""
    if isinstance(error, BadDocument):
        return _document(error.problems)
    if isinstance(error, WorkFunctionInvalid):
        told = f"The work function cannot run: {error.reason}"
        return refusal(422, error.code, told, line=error.line, column=error.column)
    kind = next((ancestor for ancestor in type(error).__mro__ if ancestor in RESPONSES), type(error))
    if kind not in RESPONSES and isinstance(error, BadParams):
        return invalid(error.field, error.message)
    status, code, text = RESPONSES[kind]
    headers = {"Retry-After": RETRY_AFTER[status]} if status in RETRY_AFTER else {}
    shown = text if isinstance(text, str) else text(error)
    return refusal(status, code, shown, headers, **_more(error))


def _more(error: Exception) -> dict[str, object]:
    if isinstance(error, errors.FundsShort):
        return {"required": credits_text(error.required), "available": credits_text(error.available)}
    if isinstance(error, errors.BadSpec):
        told = error.problems[:MOST_TOLD]
        return {"detail": [{"path": path, "reason": reason} for path, reason in told]}
    return {}


def _document(problems: Sequence[Problem]) -> Response:
    first = next((problem for problem in problems if problem.text), problems[0])
    detail = [{"path": problem.path, "reason": problem.reason} for problem in problems[:MOST_TOLD]]
    text = first.text or f"{first.path} {first.reason}"
    more: dict[str, Any] = dict(first.more)
    return refusal(400, first.code, text, detail=detail, **more)
