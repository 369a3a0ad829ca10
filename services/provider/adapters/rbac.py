"""Ask the operator's access control server (RBAC) whether a caller may do what they ask.

Source: contract 7.4. The question is signed with the key that belongs to no chain, so that the server can
tell it from anybody else's. No answer never means yes.
"""

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from libs.signing.keys import PrivateKey
from libs.signing.personal import sign_text
from libs.web.http import Connection, PeerUnavailable
from services.provider.domain.access import AccessControlUnavailable
from services.provider.ports import AccessQuestion

COMPUTE = "compute"


class AccessControlHttp:
    """An AccessControl. Thread-safe; one instance per process."""

    def __init__(self, url: str, key: PrivateKey, *, private: bool, timeout_seconds: float = 5.0) -> None:
        self._path = urlsplit(url)._replace(scheme="", netloc="").geturl() or "/"
        self._connection = Connection("the access control server", _origin(url), timeout_seconds)
        self._key = key
        self._provider_access = "private" if private else "public"

    def allows(self, question: AccessQuestion) -> bool:
        """Raises AccessControlUnavailable."""
        body = json.dumps(self._payload(question)).encode()
        try:
            reply = self._connection.send("POST", self._path, body, {"Content-Type": "application/json"})
            return 200 <= reply.status < 300 and bool(reply.json())
        except PeerUnavailable as error:
            raise AccessControlUnavailable(timed_out="Timeout" in error.reason) from error

    def _payload(self, question: AccessQuestion) -> dict[str, Any]:
        credentials = {"type": "address", "value": question.caller}
        assets = {"dids": _named(question.dids)}
        signed: list[Any] = [credentials]
        if question.event == COMPUTE:
            assets |= {"algos": _named(question.algorithms), "additionalDids": _named(question.additional)}
            signed += assets.values()
        return {
            "eventType": question.event,
            "component": "provider",
            "providerAddress": self._key.address,
            "providerAccess": self._provider_access,
            "credentials": credentials,
            **assets,
            # Python's default spacing is part of the signed text.
            "signature": sign_text(question.event + "".join(map(json.dumps, signed)), self._key),
        }


def _named(assets: Sequence[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"did": did, "serviceId": service_id} for did, service_id in assets]


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
