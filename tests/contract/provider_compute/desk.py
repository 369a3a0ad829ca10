"""A provider with one dataset for compute, one published algorithm, and orders for both."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from libs.signing.keys import checksum, did_for
from tests.fakes.access import AccessWorld, files_blob
from tests.fakes.ddos import CHAIN_ID, DID, ddo, service
from tests.fakes.provider_app import Provider
from tests.fakes.receipts import CONSUMER, DATATOKEN, NFT, ORDERED_AT, Fee, fee_log, order_log, receipt

NOW = ORDERED_AT + 60
JOB = "ab" * 16
ALGORITHM_NFT = checksum("0x0bDF3EBDeff5e6a0A0F7FC9B0C8e7fce1a1Bd6f1")
ALGORITHM_TOKEN = checksum("0x1d0576Ce16d2b4Df4c7d9eCf6e7bF66A4a8E6a3c")
ALGORITHM_OWNER = checksum("0xe08A1dAe983BC701D05E492DB80e0144f8f4b909")
ALGORITHM = did_for(ALGORITHM_NFT, CHAIN_ID)
SECOND_NFT = checksum("0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab")
SECOND_TOKEN = checksum("0xA78deb2Fa79463945C247991075E2a0e98Ba7A09")
SECOND = did_for(SECOND_NFT, CHAIN_ID)
DATA_TX, ALGORITHM_TX, SECOND_TX = "0x" + "a1" * 32, "0x" + "b1" * 32, "0x" + "c1" * 32
ENVIRONMENT_ACCOUNT = "0xe2DD09d719Da89e5a3D0F2549c7E24566e947260"
CONTAINER = {"entrypoint": "node $ALGO", "image": "node", "tag": "22", "checksum": "sha256:" + "82" * 32}
FREE = {"id": "free", "consumer_address": ENVIRONMENT_ACCOUNT, "price_per_minute": "0", "fee_token": None}
PRICED = {**FREE, "id": "priced", "price_per_minute": "0.6"}  # 10,000 base units a second
FILE = {"type": "url", "url": "https://secret-origin.test/data.csv", "method": "GET"}
CODE = {"type": "url", "url": "https://secret-origin.test/algo.js", "method": "GET"}
UNITS_PER_SECOND = 10_000


def asset(nft: str, token: str, file: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    """One asset with one compute service whose id is `svc-0`."""
    blob = files_blob(file, datatoken=token, nft=nft)
    parts: dict[str, Any] = {
        "id": did_for(nft, CHAIN_ID),
        "nftAddress": nft,
        "nft": {"address": nft, "state": 0, "owner": ALGORITHM_OWNER},
        "services": [service(type="compute", files=blob, datatokenAddress=token, compute={})],
    }
    return ddo(**{**parts, **changes})


@dataclass
class Desk:
    world: AccessWorld = field(default_factory=AccessWorld)

    def __post_init__(self) -> None:
        documents = self.world.assets.documents
        documents[DID] = asset(NFT, DATATOKEN, FILE)
        documents[SECOND] = asset(SECOND_NFT, SECOND_TOKEN, FILE)
        metadata = {"type": "algorithm", "algorithm": {"container": dict(CONTAINER)}}
        documents[ALGORITHM] = asset(ALGORITHM_NFT, ALGORITHM_TOKEN, CODE, metadata=metadata)
        self.world.chain.deployed |= {(ALGORITHM_NFT, ALGORITHM_TOKEN), (SECOND_NFT, SECOND_TOKEN)}
        self.client = Provider(world=self.world, ledger=self.world.ledger, tokens=self.world.tokens).client()

    @property
    def documents(self) -> dict[str, Any]:
        documents: dict[str, Any] = self.world.assets.documents
        return documents

    def policy(self, did: str = DID, **section: Any) -> None:
        self.documents[did]["services"][0]["compute"] = section

    def orders(self, environment: str = "free", until: int = NOW + 600, **amounts: int) -> None:
        """One order each, quoted 65 s ago; amounts by `data`, `algorithm` and `second`."""
        for name, token, tx in (
            ("data", DATATOKEN, DATA_TX),
            ("algorithm", ALGORITHM_TOKEN, ALGORITHM_TX),
            ("second", SECOND_TOKEN, SECOND_TX),
        ):
            fee = Fee(
                datatoken=token, environment=environment, amount=amounts.get(name, 0), valid_until=until
            )
            logs = order_log(token), fee_log(token, fee)
            self.world.chain.receipts[tx] = receipt(*logs, tx=tx)

    def body(self, **changes: Any) -> dict[str, Any]:
        """A start of the dataset with the published algorithm; `changes` by top-level name."""
        return {
            "consumer": CONSUMER,
            "job": JOB,
            "environment": FREE,
            "valid_until": NOW + 600,
            "datasets": [{"documentId": DID, "serviceId": "svc-0", "transferTxId": DATA_TX}],
            "algorithm": {"documentId": ALGORITHM, "serviceId": "svc-0", "transferTxId": ALGORITHM_TX},
            **changes,
        }

    def post(self, what: str, body: Mapping[str, Any], caller: str = "compute") -> Any:
        headers = {"Authorization": f"Bearer {caller}"}
        return self.client.post(f"/internal/compute/{what}", json=body, headers=headers)

    def authorized(self, **changes: Any) -> dict[str, Any]:
        answer = self.post("authorize", self.body(**changes))
        assert answer.status_code == 200, answer.text
        return json.loads(answer.data)  # type: ignore[no-any-return]

    def quoted(self, **changes: Any) -> dict[str, Any]:
        answer = self.post("quote", self.body(**changes))
        assert answer.status_code == 200, answer.text
        return json.loads(answer.data)  # type: ignore[no-any-return]

    def refused(self, what: str = "authorize", **changes: Any) -> tuple[str | None, str]:
        """(resource, code); nothing was granted."""
        found = self.refusal(what, **changes)
        return found["resource"], found["code"]

    def refusal(self, what: str = "authorize", **changes: Any) -> dict[str, Any]:
        answer = self.post(what, self.body(**changes))
        assert answer.status_code == 422, answer.text
        assert self.world.grant_rows.rows == {}
        assert "secret-origin" not in answer.text
        return json.loads(answer.data)["refused"]  # type: ignore[no-any-return]

    def fetch(self, handle: str, job: str = JOB, **headers: str) -> Any:
        return self.client.get(
            f"/internal/compute/grants/{handle}",
            headers={"Authorization": "Bearer compute", "X-Tidegate-Job": job, **headers},
        )

    def end(self, job: str = JOB) -> Any:
        return self.client.delete(
            f"/internal/compute/grants?job={job}", headers={"Authorization": "Bearer compute"}
        )


def dataset(
    tx: str | None = DATA_TX, did: str | None = DID, service_id: str | None = "svc-0"
) -> dict[str, Any]:
    return {"documentId": did, "serviceId": service_id, "transferTxId": tx}


def raw(container: object = None, **meta: Any) -> dict[str, Any]:
    return {"meta": {"container": CONTAINER if container is None else container, **meta}}
