"""An application as somebody would write it: a registered client, a redirect URI of its own, Authlib."""

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests
from authlib.common.security import generate_token
from authlib.integrations.requests_client import OAuth2Session

SECONDS = 30


class Application:
    def __init__(self, site: str, callback: str) -> None:
        self.callback = callback
        self.metadata = requests.get(f"{site}/.well-known/oauth-authorization-server", timeout=SECONDS).json()
        self._verifier = generate_token(48)
        asked = {
            "client_name": "Notebook <b>&</b> plots",
            "redirect_uris": [callback],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "client_secret_basic",
            "scope": "openid profile job:read job:write",
        }
        made = requests.post(self.metadata["registration_endpoint"], json=asked, timeout=SECONDS)
        assert made.status_code == 201, made.text
        self.session = OAuth2Session(
            made.json()["client_id"],
            made.json()["client_secret"],
            redirect_uri=callback,
            scope="openid profile job:read",
            code_challenge_method="S256",
        )

    def address(self) -> str:
        """Where it sends its user."""
        url, self.state = self.session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=self._verifier
        )
        return str(url)

    def take(self, answer: str) -> None:
        """The address that the browser came back with, made into a token."""
        token = self.session.fetch_token(
            self.metadata["token_endpoint"],
            authorization_response=answer,
            state=self.state,
            code_verifier=self._verifier,
        )
        assert token["token_type"] == "Bearer"


class _Callback(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = b"<!doctype html><link rel=icon href='data:,'><title>The application</title><main>Back</main>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextlib.contextmanager
def application(site: str) -> Iterator[Application]:
    """With a page of its own that browsers come back to, on a port of this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Callback)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield Application(site, f"http://127.0.0.1:{server.server_port}/callback")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
