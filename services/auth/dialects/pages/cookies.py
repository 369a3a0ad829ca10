"""Two cookies: of the visit, before anybody signed in, and of the session. Neither is for scripts."""

from flask import Response, request

from services.auth.dialects.pages.site import Address
from services.auth.domain.secrets import SECRET_CHARS, new_secret

SESSION = "tidegate-session"
VISIT = "tidegate-visit"
_PREFIX = "__Host-"  # browsers then take it from us over https alone, for this host alone


class Cookies:
    def __init__(self, address: Address) -> None:
        self._is_secure = address.is_secure

    def name(self, kind: str) -> str:
        return _PREFIX + kind if self._is_secure else kind

    def read(self, kind: str) -> str:
        """What the browser sent; empty when it is not as we make them."""
        value = request.cookies.get(self.name(kind), "")
        return value if len(value) == SECRET_CHARS and value.isascii() else ""

    def visit(self) -> str:
        """The browser's visit, or a new one, which `keep_visit` must then hand out."""
        return self.read(VISIT) or new_secret()

    def keep_visit(self, response: Response, visit: str) -> Response:
        if self.read(VISIT) != visit:
            self._set(response, VISIT, visit)
        return response

    def begin_session(self, response: Response, session_id: str) -> Response:
        """The visit ends: what was sealed for it counts no more."""
        self._set(response, SESSION, session_id)
        return self._forget(response, VISIT)

    def end_session(self, response: Response) -> Response:
        return self._forget(response, SESSION)

    def _set(self, response: Response, kind: str, value: str) -> None:
        response.set_cookie(
            self.name(kind), value, path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )

    def _forget(self, response: Response, kind: str) -> Response:
        response.delete_cookie(
            self.name(kind), path="/", secure=self._is_secure, httponly=True, samesite="Lax"
        )
        return response
