"""How an exchange can fail, beside OSError and TimeoutError. No text names an address."""


class HttpFailure(Exception):
    """The exchange failed; the text never names the URL."""


class AnswerTooBig(HttpFailure):
    """The body passed the cap."""


class BadHead(HttpFailure):
    """Status line or headers are not HTTP/1, or too long."""


class BadTarget(HttpFailure):
    """What was to be asked for holds characters that no request line may hold. Nothing was sent."""


class ClosedUnanswered(HttpFailure):
    """The peer closed the connection before a single byte came back."""


class CutShort(HttpFailure):
    """The answer ended before it was whole, or its pieces do not fit together."""


class OtherStatus(HttpFailure):
    """Not the only status that the caller reads a body of."""
