"""The guarded fetcher as the provider's `Origins`: retries, and the domain's words for what goes wrong."""

from collections.abc import Iterator, Mapping

from libs.fetch.errors import FetchError, FetchTimedOut, RequestRefused, UrlRefused
from libs.fetch.fetcher import Fetcher, Limits, Reply
from libs.fetch.guard import Guard, parse_allow
from services.provider.domain.origins import OriginRefused, OriginRequest, OriginUnavailable


def make_fetcher(
    *,
    allow_non_public_ip: bool,
    fetch_allow: str,
    request_timeout: float,
    idle_seconds: float,
    shared_files: str | None = None,
) -> Fetcher:
    """`request_timeout` bounds everything up to the end of the origin's headers; seconds. `shared_files` is
    the URL of shared files of the file catalogue, up to their token. Raises ValueError.
    """
    guard = Guard(allow_all=allow_non_public_ip, allow=parse_allow(fetch_allow), shared=shared_files)
    limits = Limits(
        connect_seconds=min(5.0, request_timeout),
        read_seconds=idle_seconds,
        total_header_seconds=request_timeout,
    )
    return Fetcher(guard, limits)


class OpenReply:
    """A libs.fetch reply whose failures are the domain's."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply
        self.status = reply.status
        self.headers: Mapping[str, str] = reply.headers
        self.url = reply.url

    def chunks(self, size: int = 64 * 1024) -> Iterator[bytes]:
        try:
            yield from self.reply.chunks(size)
        except FetchError as error:
            raise translated(error) from error

    def discard(self) -> None:
        self.reply.discard()

    def close(self) -> None:
        self.reply.close()


class GuardedOrigins:
    def __init__(self, fetcher: Fetcher, attempts: int = 1) -> None:
        self._fetcher = fetcher
        self._attempts = max(1, attempts)

    def open(self, request: OriginRequest, extra_headers: Mapping[str, str] | None = None) -> OpenReply:
        """Tries again only what never reached the origin or never answered, and only reads (no POST)."""
        attempts = self._attempts if request.method != "POST" else 1
        for left in range(attempts - 1, -1, -1):
            try:
                return OpenReply(self._fetcher.open(request, extra_headers))
            except FetchError as error:
                if not error.retryable or left == 0:
                    raise translated(error) from error
        raise AssertionError("unreachable: the last attempt returns or raises")


def translated(error: FetchError) -> OriginRefused | OriginUnavailable:
    if isinstance(error, UrlRefused | RequestRefused):
        return OriginRefused(error.reason)
    timed_out = isinstance(error, FetchTimedOut)
    return OriginUnavailable(error.reason, timed_out=timed_out, retryable=error.retryable)
