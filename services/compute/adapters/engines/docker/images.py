"""Images: whether one is on the machine, getting it, and holding it to its digest.

A digest pins what an image is: the registry's digest of it, or its id on this machine.
"""

import re
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import docker.errors

from services.compute.adapters.engines.docker.container import ImageFacts, refusal
from services.compute.adapters.engines.docker.daemon import Daemon, plain, status_of, words_of
from services.compute.domain.errors import Refused
from services.compute.domain.spec import Image
from services.compute.ports.engines import EngineAway, Ready

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(
    rf"(?P<repository>(?:[A-Za-z0-9.-]+(?::[0-9]+)?/)?{_PART}(?:/{_PART})*)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_ABSENT = ("not found", "manifest unknown", "does not exist", "pull access denied", "no such image")
_PROBE = "tidegate.probe"
_PROBE_SECONDS = 60  # older ones are a dead worker's


class Images:
    """What is here is used; only what is missing is pulled."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._shells: dict[str, bool] = {}
        self._lock = threading.Lock()

    def pull(self, image: Image, say: Callable[[str], None]) -> Ready:
        """Raises Refused, EngineAway."""
        name, digest = reference(image)
        if (found := self._local(name, digest)) is not None:
            say(f"The image {image.name} is here.")
            return Ready(was_fetched=False, digest=found["Id"])
        wanted = f"{_repository(name)}@{digest}" if digest else name
        say(f"Pulling the image {wanted}.")
        try:
            self._fetch(wanted, say)
        except Refused:
            if digest and self._inspect(name) is not None:
                raise _mismatch(image) from None
            raise
        if (found := self._local(name, digest)) is None:
            raise _mismatch(image) if digest else _not_found(image, "")
        say(f"The image {image.name} is here.")
        return Ready(was_fetched=True, digest=found["Id"])

    def facts(self, image: Image) -> ImageFacts:
        """Of an image that was pulled. Raises Refused (image_not_found, image_mismatch), EngineAway."""
        name, digest = reference(image)
        found = self._local(name, digest)
        if found is None:
            raise _mismatch(image) if digest and self._inspect(name) else _not_found(image, "")
        config = found.get("Config") or {}
        return ImageFacts(
            id=found["Id"],
            entrypoint=tuple(config.get("Entrypoint") or ()),
            command=tuple(config.get("Cmd") or ()),
            variables=tuple(str(line).partition("=")[0] for line in config.get("Env") or ()),
            volumes=tuple(config.get("Volumes") or ()),
            working_folder=config.get("WorkingDir") or "",
            has_shell=self._has_shell(found["Id"]),
        )

    def _local(self, name: str, digest: str | None) -> Mapping[str, Any] | None:
        """The image on this machine that is the one meant; a tag may have moved on since it was pinned."""
        found = self._inspect(name)
        if digest is None or (found is not None and is_pinned_by(found, digest)):
            return found
        found = self._inspect(f"{_repository(name)}@{digest}")
        return found if found is not None and is_pinned_by(found, digest) else None

    def _inspect(self, name: str) -> Mapping[str, Any] | None:
        with self._daemon.asking() as api:
            try:
                found: Mapping[str, Any] = api.inspect_image(name)
            except docker.errors.ImageNotFound:
                return None
            except docker.errors.APIError as error:
                if status_of(error) in (400, 404):
                    return None
                raise EngineAway(f"Docker cannot say what an image is: {words_of(error)}") from error
        return found

    def _fetch(self, wanted: str, say: Callable[[str], None]) -> None:
        """`say` may raise: the pull is given up then."""
        with self._daemon.asking() as api:
            try:
                events = api.pull(wanted, stream=True, decode=True)
            except docker.errors.APIError as error:
                raise _pull_refusal(wanted, words_of(error)) from error
            while event := _next(events, wanted):
                if "error" in event:
                    raise _pull_refusal(wanted, plain(str(event["error"])))
                if "progressDetail" not in event or not event["progressDetail"]:
                    say(plain(f"{event.get('id', '')} {event.get('status', '')}"))

    def _has_shell(self, image_id: str) -> bool:
        """Asked once for each image, of a container that never starts."""
        with self._lock:
            known = self._shells.get(image_id)
        if known is not None:
            return known
        with self._daemon.asking() as api:
            for old in api.containers(all=True, filters={"label": _PROBE, "status": "created"}):
                if time.time() - old["Created"] > _PROBE_SECONDS:
                    api.remove_container(old["Id"], v=True, force=True)
            probe = api.create_container_from_config(
                {
                    "Image": image_id,
                    "Entrypoint": ["/.nothing"],
                    "Labels": {_PROBE: ""},
                    "HostConfig": {"NetworkMode": "none"},
                }
            )["Id"]
        try:
            found = self._daemon.has_file(probe, "/bin/sh")
        finally:
            with self._daemon.asking() as api:
                api.remove_container(probe, v=True, force=True)
        with self._lock:
            self._shells[image_id] = found
        return found


def reference(image: Image) -> tuple[str, str | None]:
    """Name with tag, and digest. Raises Refused."""
    match = _NAME.fullmatch(image.name)
    if match is None or len(image.name) > 512:
        raise refusal("image_not_found", f"{plain(image.name)} is no name of an image.")
    digest = image.digest or match["digest"]
    if digest and (not _DIGEST.fullmatch(digest) or (match["digest"] or digest) != digest):
        raise refusal("image_mismatch", f"{plain(digest)} is no digest of {plain(image.name)}.")
    return f"{match['repository']}:{match['tag'] or 'latest'}", digest


def is_pinned_by(found: Mapping[str, Any], digest: str) -> bool:
    known = [str(text).rpartition("@")[2] for text in found.get("RepoDigests") or ()]
    return digest == found["Id"] or digest in known


def _repository(name: str) -> str:
    return name.rpartition(":")[0]


def _next(events: Any, wanted: str) -> Any:
    """The next event, None after the last. The engine reports some refusals in the middle."""
    try:
        return next(events, None)
    except docker.errors.APIError as error:
        raise _pull_refusal(wanted, words_of(error)) from error


def _pull_refusal(wanted: str, words: str) -> Refused:
    if any(word in words.lower() for word in _ABSENT):
        return refusal("image_not_found", f"No registry has the image {wanted}.", words)
    return refusal("pull_failed", f"The image {wanted} could not be pulled.", words)


def _not_found(image: Image, words: str) -> Refused:
    return refusal("image_not_found", f"The image {image.name} is not on the machine.", words)


def _mismatch(image: Image) -> Refused:
    return refusal("image_mismatch", f"The image {image.name} is not the one with digest {image.digest}.")
