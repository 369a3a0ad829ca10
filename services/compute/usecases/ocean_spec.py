"""An authorized Ocean start as a job: the folders, files and variables that algorithms find (contract 1.6).

Pure. Datasets and algorithm stand in it as grants' handles, never as URLs.
"""

import json
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.compute.domain.environments import Environment
from services.compute.domain.spec import (
    Clocks,
    Folder,
    Image,
    Input,
    Output,
    Resources,
    Role,
    Source,
    Spec,
    Task,
)
from services.compute.ports.provider import Authorized, GrantedAsset

DID_PREFIX: Final = "did:op:"
INPUTS: Final = "/data/inputs"
DDOS: Final = "/data/ddos"
TRANSFORMATIONS: Final = "/data/transformations"
OUTPUTS: Final = "/data/outputs"
LOGS: Final = "/data/logs"
ALGORITHM: Final = f"{TRANSFORMATIONS}/algorithm"
CUSTOM_DATA: Final = f"{INPUTS}/algoCustomData.json"
ALGORITHM_LABEL: Final = "algorithm"
"""What labels of the algorithm's own files start with, and no other label."""

FOLDERS: Final = (
    Folder(path=INPUTS),
    Folder(path=DDOS),
    Folder(path=TRANSFORMATIONS),
    Folder(path=OUTPUTS, writable=True),
    Folder(path=LOGS, writable=True),
)


def ocean_spec(
    environment: Environment,
    authorized: Authorized,
    *,
    custom_data: str,
    run_seconds: float,
    network: bool,
    digest: bool,
) -> Spec:
    """`custom_data` is JSON text. With `digest` the image is held to the algorithm's checksum."""
    container = authorized.container
    task = Task(
        command=("sh", "-c", str(container["entrypoint"]).replace("$ALGO", ALGORITHM)),
        image=_image(container, digest=digest),
        environment=_variables(authorized),
    )
    resources = Resources(
        cpus=environment.cpus,
        memory_bytes=environment.memory_bytes,
        disk_bytes=environment.disk_bytes,
        gpus=environment.gpus,
        processes=environment.max_processes,
    )
    return Spec(
        environment=environment.id,
        roles=(Role(tasks=(task,), resources=resources),),
        folders=FOLDERS,
        inputs=(
            *_files(authorized.datasets),
            Input(source=Source.INLINE, path=CUSTOM_DATA, value=custom_data, label="algoCustomData.json"),
            *_documents(authorized),
            *_algorithm(authorized),
        ),
        outputs=(Output(folder=OUTPUTS),),
        clocks=Clocks(run=run_seconds),
        network=network,
    )


def short_did(did: str) -> str:
    return did.removeprefix(DID_PREFIX)


def _image(container: Mapping[str, Any], *, digest: bool) -> Image:
    name, tag = str(container["image"]), container.get("tag")
    return Image(
        name=f"{name}:{tag}" if isinstance(tag, str) and tag else name,
        digest=str(container["checksum"]) if digest else None,
    )


def _variables(authorized: Authorized) -> dict[str, str]:
    algorithm = authorized.algorithm
    dids = list(dict.fromkeys(short_did(asset.did) for asset in authorized.datasets))
    return {
        "DIDS": json.dumps(dids, separators=(",", ":")),
        "TRANSFORMATION_DID": "" if algorithm is None else short_did(algorithm.did),
        "VOLUME": "/data",
        "LOGS": LOGS,
        "INPUTS": INPUTS,
        "OUTPUTS": OUTPUTS,
        "secret": secrets.token_hex(16),
    }


def _files(datasets: tuple[GrantedAsset, ...]) -> Iterator[Input]:
    """Files of one dataset are numbered on when two of its services are used: they share a folder."""
    seen: Counter[str] = Counter()
    for asset in datasets:
        did = short_did(asset.did)
        for file in asset.files:
            number = seen[did]
            seen[did] += 1
            yield Input(
                source=Source.GRANT,
                path=f"{INPUTS}/{did}/{number}",
                value=file.handle,
                label=f"dataset {did} file {number}",
                group=did,
            )


def _documents(authorized: Authorized) -> Iterator[Input]:
    assets = [*authorized.datasets, *([authorized.algorithm] if authorized.algorithm else [])]
    documents = {short_did(asset.did): asset.ddo for asset in assets if asset.did}
    for did, ddo in documents.items():
        text = json.dumps(ddo, separators=(",", ":"), ensure_ascii=False)
        yield Input(source=Source.INLINE, path=f"{DDOS}/{did}", value=text, label=f"document {did}")


def _algorithm(authorized: Authorized) -> Iterator[Input]:
    """Its first file, or the raw code, is the program; further files lie beside it as 1, 2, ..."""
    if authorized.raw_code is not None:
        yield Input(
            source=Source.INLINE,
            path=ALGORITHM,
            value=authorized.raw_code,
            executable=True,
            label=f"{ALGORITHM_LABEL} code",
        )
        return
    files = authorized.algorithm.files if authorized.algorithm else ()
    for number, file in enumerate(files):
        yield Input(
            source=Source.GRANT,
            path=f"{TRANSFORMATIONS}/{number}" if number else ALGORITHM,
            value=file.handle,
            executable=True,
            label=f"{ALGORITHM_LABEL} file {number}",
        )
