"""`tidegate`: the command line. Exit codes are in parser.py."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence

from libs.client import parser
from libs.client.commands import COMMANDS
from libs.client.console import Console
from libs.client.context import Context
from libs.client.documents import BadWords
from libs.client.errors import (
    BadDownload,
    ClientError,
    LoginFailed,
    NotFound,
    NotSignedIn,
    Refused,
    Unreachable,
    WaitedInVain,
)
from libs.client.gateway import Gateway
from libs.client.jobs import Jobs
from libs.client.login import RenewedToken
from libs.client.saved import SavedTokens, default_path
from libs.client.workflows import Workflows

USAGE, REFUSED, NOT_ALLOWED, UNREACHABLE, NOT_FOUND, IN_VAIN, INTERRUPTED = 2, 3, 4, 5, 6, 7, 130
_CODES: Sequence[tuple[type[ClientError], int]] = (
    (NotSignedIn, NOT_ALLOWED),
    (LoginFailed, NOT_ALLOWED),
    (NotFound, NOT_FOUND),
    (Unreachable, UNREACHABLE),
    (WaitedInVain, IN_VAIN),
    (BadDownload, UNREACHABLE),
    (ClientError, REFUSED),
)


def run() -> None:
    sys.exit(main(sys.argv[1:], os.environ))


def main(argv: Sequence[str], environ: Mapping[str, str]) -> int:
    words = parser.build(COMMANDS).parse_args(list(argv))
    console = Console(as_json=words.json, quiet=words.quiet)
    url = (words.url or environ.get("TIDEGATE_URL") or parser.DEFAULT_URL).rstrip("/")
    anonymous = Gateway(url)
    saved = SavedTokens(default_path(environ))
    gateway = Gateway(url, _token(words.token or environ.get("TIDEGATE_TOKEN"), anonymous, saved))
    context = Context(Jobs(gateway), Workflows(gateway), console, anonymous, saved)
    try:
        code: int = words.run(context, words)
    except BadWords as error:
        console.problem(f"tidegate: {error}")
        return USAGE
    except ClientError as error:
        return _told(console, error)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains at its end
        return REFUSED
    except OSError as error:
        console.problem(f"tidegate: {error}")
        return USAGE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def _token(given: str | None, anonymous: Gateway, saved: SavedTokens) -> Callable[[], str | None]:
    if given:
        return lambda: given.strip()
    return RenewedToken(anonymous, saved)


def _told(console: Console, error: ClientError) -> int:
    console.problem(f"tidegate: {error}")
    if isinstance(error, Refused):
        for pointer, text in error.errors:
            console.problem(f"  {pointer or '/'}: {text}")
        if error.status >= 500 and error.request_id:
            console.problem(f"  request id {error.request_id}")
        if error.status == 403:
            return NOT_ALLOWED
        if error.status >= 500 or error.status == 429:
            return UNREACHABLE if error.status >= 500 else REFUSED
    return next(code for kind, code in _CODES if isinstance(error, kind))


if __name__ == "__main__":
    run()
