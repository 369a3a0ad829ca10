"""The provider's and the catalogue's real HTTP API, as the scripts use it.

Source: provider contract, section 2.
"""

import json
import time
from typing import Any

import requests

from libs.signing import ecies
from libs.signing.keys import PrivateKey
from libs.signing.messages import AuthToken, Download
from libs.signing.personal import sign_text


class ProviderRefused(Exception):
    """A service answered with another status than the contract's; the text is the answer's body."""

    def __init__(self, what: str, response: requests.Response) -> None:
        self.status = response.status_code
        self.body = response.text[:500]
        super().__init__(f"{what}: HTTP {self.status} {self.body}")


class LocalEncryptor:
    """Encrypts for a provider key without asking the provider; for tests that start no service."""

    def __init__(self, public_key: bytes) -> None:
        self._public_key = public_key

    def encrypt(self, data: bytes, chain_id: int) -> str:
        return "0x" + ecies.encrypt(self._public_key, data).hex()


class ProviderClient:
    """One gateway, one kept-alive session. Not shared between threads."""

    def __init__(self, gateway_url: str) -> None:
        self.url = gateway_url.rstrip("/")
        self._session = requests.Session()

    def provider_address(self, chain_id: int) -> str:
        document = self._json("GET", "/")
        return str(document["providerAddresses"][str(chain_id)])

    def nonce(self, address: str) -> str:
        """The next nonce for `address`, as clients form it: what the endpoint says, plus one."""
        document = self._json("GET", "/api/services/nonce", params={"userAddress": address})
        return str(int(float(document["nonce"])) + 1)

    def encrypt(self, data: bytes, chain_id: int) -> str:
        response = self._session.post(
            f"{self.url}/api/services/encrypt",
            params={"chainId": chain_id},
            data=data,
            headers={"Content-Type": "application/octet-stream"},
            timeout=30,
        )
        if response.status_code != 201:
            raise ProviderRefused("encrypt", response)
        return response.text

    def initialize(self, did: str, service_id: str, consumer: str, **more: Any) -> dict[str, Any]:
        """The quote, or `{"validOrder": tx}` when `transferTxId` names an order that is still good."""
        params = {"documentId": did, "serviceId": service_id, "consumerAddress": consumer, **more}
        return self._json("GET", "/api/services/initialize", params=params)

    def fileinfo(self, body: dict[str, Any]) -> Any:
        return self._json("POST", "/api/services/fileinfo", json=body)

    def create_auth_token(self, key: str, expiration: int) -> str:
        """A token of the wallet `key`, good until `expiration` (UTC seconds)."""
        address = PrivateKey(key).address
        nonce = self.nonce(address)
        params = {
            "address": address,
            "nonce": nonce,
            "expiration": expiration,
            "signature": sign_text(AuthToken(address, nonce).text(), PrivateKey(key)),
        }
        return str(self._json("GET", "/api/services/createAuthToken", params=params)["token"])

    def download_params(
        self, key: str, did: str, service_id: str, order_tx: str, file_index: int = 0, **more: Any
    ) -> dict[str, Any]:
        """Signed query parameters of one download; each call takes the next nonce."""
        address = PrivateKey(key).address
        nonce = self.nonce(address)
        return {
            "documentId": did,
            "serviceId": service_id,
            "consumerAddress": address,
            "transferTxId": order_tx,
            "fileIndex": str(file_index),
            "nonce": nonce,
            "signature": sign_text(Download(did, nonce).text(), PrivateKey(key)),
            **more,
        }

    def download(
        self,
        params: dict[str, Any],
        headers: dict[str, str] | None = None,
        method: str = "GET",
        stream: bool = False,
    ) -> requests.Response:
        """The raw response, whatever its status."""
        return self._session.request(
            method,
            f"{self.url}/api/services/download",
            params=params,
            headers=headers,
            timeout=60,
            stream=stream,
        )

    def ddo(self, did: str) -> dict[str, Any] | None:
        """The catalogue's document, or None."""
        response = self._session.get(f"{self.url}/api/aquarius/assets/ddo/{did}", timeout=10)
        if response.status_code == 404:
            return None
        if response.status_code != 200:
            raise ProviderRefused("catalogue", response)
        document: dict[str, Any] = response.json()
        return document

    def wait_for_ddo(self, did: str, tx_hash: str | None = None, seconds: float = 60.0) -> dict[str, Any]:
        """Wait until the catalogue has the asset, as of `tx_hash` if given. Raises TimeoutError."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            document = self.ddo(did)
            if document and (tx_hash is None or document.get("event", {}).get("tx") == tx_hash):
                return document
            time.sleep(0.2)
        raise TimeoutError(f"the catalogue does not show {did}")

    def _json(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        response = self._session.request(method, self.url + path, timeout=30, **arguments)
        if response.status_code != 200:
            raise ProviderRefused(path, response)
        document: dict[str, Any] = json.loads(response.text)
        return document
