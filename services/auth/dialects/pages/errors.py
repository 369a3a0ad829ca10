"""What refusals look like in a browser: one table, one page."""

from flask import Response

from services.auth.dialects.pages.forms import BadForm, ForeignForm
from services.auth.dialects.pages.responses import Responses
from services.auth.domain.accounts import LastWayIn
from services.auth.domain.clients import NoSuchClient
from services.auth.domain.errors import AuthError, LedgerUnavailable, StoreUnavailable
from services.auth.domain.people import NoSuchPerson, TooManyGuesses
from services.auth.domain.scopes import UnknownScope
from services.auth.domain.sessions import NotSignedIn
from services.auth.domain.signing_keys import NoActiveKey
from services.auth.domain.wallets import UnsupportedChain

# class -> (status, heading, text)
PAGES: dict[type[AuthError], tuple[int, str, str]] = {
    BadForm: (400, "That cannot be read", "The form arrived incomplete or with something else in it."),
    ForeignForm: (
        403,
        "This form counts no more",
        "It was opened too long ago, in another session, or did not come from this site. Nothing was "
        "changed. Go back, load the page again and allow cookies.",
    ),
    NotSignedIn: (403, "You are not signed in", "This account was closed. Ask whoever runs this."),
    LastWayIn: (
        409,
        "The wallet stays linked",
        "Nobody could sign in to the account any more. Set a password or link another wallet first.",
    ),
    NoSuchPerson: (403, "You are not signed in", "This account was closed. Ask whoever runs this."),
    NoSuchClient: (400, "That application is gone", "It was removed meanwhile. Nothing was allowed."),
    UnknownScope: (400, "This application's request is wrong", "It asks for something that does not exist."),
    UnsupportedChain: (400, "That network is not served", "Choose another one in your wallet and try again."),
    StoreUnavailable: (503, "Not now", "Our database does not answer. Try again in a moment."),
    LedgerUnavailable: (503, "Not now", "Wallets cannot be asked right now. Try again in a moment."),
    NoActiveKey: (503, "Not now", "We cannot sign anything right now. Try again in a few minutes."),
}
STATUSES: dict[int, tuple[str, str]] = {
    404: ("There is nothing here", "No page of ours has this address."),
    405: ("That does not work here", "The page does not take requests of this kind."),
    413: ("That is too much", "What was sent is larger than anything this page takes."),
}
OTHERS = {4: ("That did not work", "The request is not one we understand."),
          5: ("Something went wrong", "It was our fault. Try again in a moment.")}  # fmt: skip


class ErrorPages:
    def __init__(self, responses: Responses) -> None:
        self._responses = responses

    def render(self, error: AuthError) -> Response:
        """The page for a known error; raises KeyError for a class the table does not name."""
        if isinstance(error, TooManyGuesses):
            return self._locked(error)
        for ancestor in type(error).__mro__:
            if ancestor in PAGES:
                status, heading, text = PAGES[ancestor]
                response = self.show(status, heading, text)
                if status == 503:
                    response.headers["Retry-After"] = "2"
                return response
        raise KeyError(type(error).__name__)

    def of_status(self, status: int) -> Response:
        """For what never reached a view of ours."""
        return self.show(status, *STATUSES.get(status, OTHERS[5 if status >= 500 else 4]))

    def show(self, status: int, heading: str, text: str) -> Response:
        return self._responses.page("done.html", status, heading=heading, text=text)

    def _locked(self, error: TooManyGuesses) -> Response:
        response = self.show(429, "Too many attempts", wait_text(error.retry_after))
        response.headers["Retry-After"] = str(error.retry_after)
        return response


def wait_text(seconds: int) -> str:
    if seconds < 90:
        return f"Try again in {seconds} second{'' if seconds == 1 else 's'}."
    return f"Try again in {-(-seconds // 60)} minutes."
