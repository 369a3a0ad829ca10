"""What is asked for of a key, out of a JSON body of any room."""

from libs.web.strict_json import Json, NumberText
from services.auth.domain.api_keys import BadKeyRequest, KeyRequest


def key_request(label: Json, seconds: Json, names: Json) -> KeyRequest:
    """Raises BadKeyRequest for values of another type; what they say is for KeyRequest.check."""
    if label is not None and not is_text(label):
        raise BadKeyRequest("label", "must be a text")
    if seconds is not None and not (isinstance(seconds, NumberText) and seconds.is_integer):
        raise BadKeyRequest("seconds", "must be a whole number of seconds")
    if names is not None and not (isinstance(names, list) and all(is_text(name) for name in names)):
        raise BadKeyRequest("scopes", "must be a list of texts")
    return KeyRequest(
        label=str(label or ""),
        seconds=None if seconds is None else int(str(seconds)[:20]),  # more digits are too many all the same
        scopes=tuple(str(name) for name in names) if isinstance(names, list) else None,
    )


def is_text(value: Json) -> bool:
    return isinstance(value, str) and not isinstance(value, NumberText)
