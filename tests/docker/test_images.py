"""Pulling images and holding them to their digests, with a registry of our own."""

from collections.abc import Iterator

import docker
import docker.errors
import pytest

from services.compute.domain.errors import Refused
from services.compute.domain.spec import Image
from tests.docker.registry import Registry, running_registry
from tests.docker.runs import SHELL, Runs

OTHER = "sha256:" + "1" * 64


@pytest.fixture
def registry() -> Iterator[Registry]:
    with running_registry() as registry:
        yield registry


@pytest.fixture
def client() -> Iterator[docker.APIClient]:
    client = docker.APIClient(version="auto")
    yield client
    client.close()


@pytest.fixture
def pushed(registry: Registry, client: docker.APIClient) -> Iterator[Image]:
    """An image that is in the registry and no more on this machine, with its registry digest."""
    name = f"{registry.host}/group/shell"
    client.tag(SHELL.name, name, "1")
    events = [str(event) for event in client.push(name, tag="1", stream=True, decode=True)]
    assert not [event for event in events if "error" in event]
    _forget(client, name)
    yield Image(name=f"{name}:1", digest=registry.digests["group/shell", "1"])
    _forget(client, name)


def _forget(client: docker.APIClient, repository: str) -> None:
    for image in client.images(repository):
        for name in {*(image["RepoTags"] or ()), *(image["RepoDigests"] or ())}:
            if name.startswith(repository) and "<none>" not in name:
                try:
                    client.remove_image(name, force=True)
                except docker.errors.ImageNotFound:
                    continue  # its last other name took it along


def _refusal(runs: Runs, image: Image) -> Refused:
    with pytest.raises(Refused) as refused:
        runs.engine.pull(image, lambda line: None)
    return refused.value


def test_an_image_is_pulled_and_told_about(runs: Runs, pushed: Image) -> None:
    said: list[str] = []
    runs.engine.pull(Image(name=pushed.name), said.append)
    assert said[0] == f"Pulling the image {pushed.name}."
    assert said[-1] == f"The image {pushed.name} is here."
    assert len(said) > 2
    assert runs.done(runs.spec("echo", "hi", image=Image(name=pushed.name)))[1] == b"hi\n"


def test_a_registry_digest_pins(runs: Runs, pushed: Image) -> None:
    runs.engine.pull(pushed, lambda line: None)
    assert runs.done(runs.spec("echo", "hi", image=pushed))[1] == b"hi\n"


def test_a_local_id_pins(runs: Runs, client: docker.APIClient) -> None:
    pinned = Image(name=SHELL.name, digest=client.inspect_image(SHELL.name)["Id"])
    runs.engine.pull(pinned, lambda line: None)
    assert runs.done(runs.spec("echo", "hi", image=pinned))[1] == b"hi\n"


def test_another_digest_is_a_mismatch(runs: Runs, pushed: Image) -> None:
    runs.engine.pull(Image(name=pushed.name), lambda line: None)
    wrong = Image(name=pushed.name, digest=OTHER)
    assert _refusal(runs, wrong).reason.code == "image_mismatch"
    with pytest.raises(Refused) as refused:
        runs.engine.submit(runs.spec("true", image=wrong))
    assert refused.value.reason.code == "image_mismatch"
    assert runs.engine.tags() == []


def test_a_tag_that_moved_runs_what_was_pinned(
    runs: Runs, pushed: Image, registry: Registry, client: docker.APIClient
) -> None:
    """What was pinned is run, not what the tag means by now."""
    runs.engine.pull(pushed, lambda line: None)
    repository = pushed.name.rpartition(":")[0]
    client.tag("tidegate/test-python:1", repository, "1", force=True)
    runs.engine.pull(pushed, lambda line: None)
    assert runs.done(runs.sh("command -v python3 || echo none", image=pushed))[1] == b"none\n"


def test_no_such_image(runs: Runs, pushed: Image) -> None:
    repository = pushed.name.rpartition(":")[0]
    refused = _refusal(runs, Image(name=f"{repository}:2"))
    assert refused.reason.code == "image_not_found"
    assert not refused.reason.is_transient


def test_a_registry_that_fails_may_be_asked_again(runs: Runs, pushed: Image, registry: Registry) -> None:
    registry.broken = True
    refused = _refusal(runs, pushed)
    assert refused.reason.code == "pull_failed"
    assert refused.reason.is_transient
    assert "http" not in refused.reason.evidence


def test_a_pull_that_nobody_waits_for_any_more(runs: Runs, pushed: Image) -> None:
    class GivenUp(Exception):
        pass

    def give_up(line: str) -> None:
        raise GivenUp

    with pytest.raises(GivenUp):
        runs.engine.pull(pushed, give_up)


@pytest.mark.parametrize(
    "name",
    ["", "UPPER/Case", "a b", "../../etc", "a:b:c", "-x", "a@sha256:12", "x" * 600, "a\0b", "http://x/y"],
)
def test_names_that_are_none(runs: Runs, name: str) -> None:
    assert _refusal(runs, Image(name=name)).reason.code == "image_not_found"


def test_digests_that_are_none(runs: Runs) -> None:
    assert _refusal(runs, Image(name=SHELL.name, digest="sha256:12")).reason.code == "image_mismatch"
    twice = Image(name=f"{SHELL.name}@{OTHER}", digest="sha256:" + "2" * 64)
    assert _refusal(runs, twice).reason.code == "image_mismatch"


def test_no_image(runs: Runs) -> None:
    with pytest.raises(Refused) as refused:
        runs.engine.pull(None, lambda line: None)
    assert refused.value.reason.code == "image_refused"
