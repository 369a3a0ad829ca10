"""An Ocean job over a dataset on a whole stack, in a real container: nothing that can be seen of it from
anywhere tells where the data lies.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import docker
import docker.errors
import pytest
import requests

from libs.client.gateway import Gateway
from libs.client.jobs import Jobs
from libs.signing.messages import ComputeStart
from libs.signing.personal import sign_text
from scripts.chain.order import fee_of_quote, order
from scripts.stack import environments
from services.compute.adapters.engines.docker.record import TAG
from tests.e2e.market import SERVICE, Market
from tests.stack import Stack, running
from tests.waiting import wait_for

# Stands in the dataset's address and in what its origin is shown, and nowhere else.
CANARY = "canary-6b1f"
DATA = os.urandom(3000).hex().encode()
# It shows all it can see of itself, and waits until it was looked at.
PROGRAM = """
import hashlib, json, os, time
outputs = os.environ["OUTPUTS"]
print(dict(os.environ), open("/proc/self/mountinfo").read(), open("/proc/1/cmdline").read())
(did,) = json.loads(os.environ["DIDS"])
found = {}
for name in os.listdir(os.path.join(os.environ["INPUTS"], did)):
    with open(os.path.join(os.environ["INPUTS"], did, name), "rb") as file:
        found[name] = hashlib.sha256(file.read()).hexdigest()
for folder, folders, names in os.walk("/data"):
    print(folder, folders, names)
with open(outputs + "/found.json", "w") as result:
    json.dump([did, found], result)
open(outputs + "/begun", "w").close()
print("begun", flush=True)
while not os.path.exists(outputs + "/go"):
    time.sleep(0.02)
"""


@dataclass(slots=True)
class Seen:
    """All that was to be seen of one job."""

    did: str
    uid: str
    containers: list[dict[str, Any]] = field(default_factory=list)  # as inspected, again and again
    told: dict[str, str] = field(default_factory=dict)  # by whom
    found: Any = None  # its output
    holders: set[str] = field(default_factory=set)  # files of the stack that hold the canary

    def states(self) -> set[str]:
        return {each["State"]["Status"] for each in self.containers}


@pytest.fixture(scope="module")
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("stack")
    environments.add_docker(environments.ensure(folder / "compute" / "environments.toml"))
    with running(folder) as started:
        yield started


@pytest.fixture(scope="module")
def seen(stack: Stack, client: docker.APIClient) -> Seen:
    market, begun = Market(stack), int(time.time())
    job = _started(stack, market, client)
    (release,) = wait_for(lambda: list(_work(stack, job).rglob("begun")), "the container to run")
    container = wait_for(lambda: _containers(client, job), "the container")[0]
    job.told["docker logs"] = client.logs(container).decode()
    job.told["docker top"] = json.dumps(client.top(container))
    job.holders |= _holders(stack)
    job.containers.append(client.inspect_container(container))
    release.with_name("go").touch()
    _watch_its_end(client, container, job)
    _ask_the_services(stack, market, job)
    events = client.events(since=begun, until=int(time.time()) + 1, filters={"container": container})
    job.told["docker events"] = b"".join(events).decode()
    job.holders |= _holders(stack)
    return job


def _started(stack: Stack, market: Market, client: docker.APIClient) -> Seen:
    file = stack.publish_file(f"{CANARY}.csv", DATA)
    origin = {"type": "url", "url": file["url"], "method": "GET", "headers": {"X-Key": CANARY}}
    published = market.publish([origin], type="compute")
    dataset = {"documentId": published.did, "serviceId": SERVICE}
    image, _, tag = environments.DOCKER_IMAGE.partition(":")
    pinned = client.inspect_image(environments.DOCKER_IMAGE)["Id"]
    container = {"entrypoint": "python3 $ALGO", "image": image, "tag": tag, "checksum": pinned}
    algorithm = {"meta": {"language": "python", "version": "1", "rawcode": PROGRAM, "container": container}}
    quote = _post(
        stack,
        "/api/services/initializeCompute",
        {
            "datasets": [dataset],
            "algorithm": algorithm,
            "compute": {"env": environments.DOCKER_ID, "validUntil": int(time.time()) + 600},
            "consumerAddress": market.buyer.address,
        },
    )
    fee = fee_of_quote(quote["datasets"][0])
    tx = order(market.wallet, market.entries, published.datatokens[0], 0, fee, environments.FREE_ADDRESS)
    nonce = market.client.nonce(market.buyer.address)
    message = ComputeStart(market.buyer.address, published.did, nonce)
    (job,) = _post(
        stack,
        "/api/services/compute",
        {
            "dataset": {**dataset, "transferTxId": tx},
            "algorithm": algorithm,
            "environment": environments.DOCKER_ID,
            "consumerAddress": market.buyer.address,
            "nonce": nonce,
            "signature": sign_text(message.text(), market.buyer),
        },
    )
    return Seen(published.did, job["jobId"], told={"quote": json.dumps(quote), "start": json.dumps(job)})


def _post(stack: Stack, path: str, body: Mapping[str, Any]) -> Any:
    answer = requests.post(stack.gateway + path, json=body, timeout=60)
    assert answer.status_code == 200, f"{path}: {answer.text}\n{stack.log_tails()}"
    return answer.json()


def _work(stack: Stack, job: Seen) -> Path:
    return stack.config.run_dir / "compute" / "work" / job.uid


def _containers(client: docker.APIClient, job: Seen) -> list[str]:
    found = client.containers(all=True, filters={"label": TAG})
    return [each["Id"] for each in found if job.uid in each["Labels"][TAG]]


def _watch_its_end(client: docker.APIClient, container: str, job: Seen) -> None:
    """Look at the container until the worker has removed it."""

    def is_gone() -> bool:
        try:
            job.containers.append(client.inspect_container(container))
        except docker.errors.NotFound:
            return True
        return False

    wait_for(is_gone, "the end of the container")


def _ask_the_services(stack: Stack, market: Market, job: Seen) -> None:
    token = market.client.create_auth_token("0x" + market.buyer.secret.hex(), int(time.time()) + 600)
    jobs = Jobs(Gateway(stack.gateway, lambda: token))
    list(jobs.wait(job.uid))
    query = {"consumerAddress": market.buyer.address, "jobId": job.uid}
    job.told["status"] = requests.get(f"{stack.gateway}/api/services/compute", query, timeout=60).text
    job.told["job"] = json.dumps(jobs.find(job.uid))
    job.told["events"] = json.dumps(jobs.events(job.uid))
    job.told["log"] = b"".join(jobs.log(job.uid)).decode()
    job.told["streams"] = json.dumps(jobs.streams(job.uid))
    job.told["outputs"] = json.dumps(jobs.outputs(job.uid))
    with jobs.output(job.uid, "found.json") as pieces:
        job.told["output"] = b"".join(pieces).decode()
    job.found = json.loads(job.told["output"])


def _holders(stack: Stack) -> set[str]:
    """Databases, logs, work folders, kept outputs; not the origin's own folder."""
    run_dir = stack.config.run_dir
    found = [path for path in run_dir.rglob("*") if path.is_file() and not path.is_symlink()]
    ours = [path for path in found if run_dir / "sample" not in path.parents]
    return {path.name for path in ours if CANARY.encode() in _content(path)}


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # a folder of the job, removed meanwhile
        return b""


def test_it_ran_on_the_data(seen: Seen) -> None:
    did, found = seen.found
    assert seen.did.endswith(did)
    assert found == {"0": hashlib.sha256(DATA).hexdigest()}
    assert json.loads(seen.told["job"])["state"] == "succeeded"


def test_it_was_looked_at_while_it_ran_and_after(seen: Seen) -> None:
    assert {"running", "exited"} <= seen.states()


def test_no_container_tells_where_the_data_lies(seen: Seen) -> None:
    told = json.dumps(seen.containers)
    assert CANARY not in told
    assert "://" not in told


def test_nobody_tells_where_the_data_lies(seen: Seen) -> None:
    assert "begun" in seen.told["log"]
    assert "OUTPUTS" in seen.told["docker logs"]
    assert seen.uid in seen.told["docker events"]
    assert [name for name, text in seen.told.items() if CANARY in text] == []


def test_nothing_of_ours_holds_it(seen: Seen) -> None:
    """But the log of the publisher's own web server, which is no part of the product."""
    assert seen.holders == {"sample-access.log"}
