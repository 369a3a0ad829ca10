"""Names of images as PROMINENCE's users write them (contract 2.3), and what our engines can run of them."""

import re
from typing import Final

from services.compute.domain.spec import Image

FILES: Final = (".tar", ".tgz", ".tar.gz", ".simg", ".sif")
DOCKER: Final = "docker://"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:@+-]{0,254}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_ADVICE = "name an image of a registry, like python:3.12"


def image_of(text: str) -> Image | str:
    """The image, or what is wrong with its name."""
    name = text.removeprefix(DOCKER)
    scheme, found, _ = name.partition("://")
    if found:
        return f"this gateway runs no images from {scheme[:16]}:// addresses: {_ADVICE}"
    if name.startswith("/"):
        return f"this gateway runs no images from files on mounted storage: {_ADVICE}"
    if name.lower().endswith(FILES):
        return f"Image {name[:255]} does not exist: this gateway runs no image files, {_ADVICE}"
    name, at, digest = name.partition("@")
    if _NAME.fullmatch(name) is None or "//" in name or ".." in name:
        return f"invalid image: {_ADVICE}"
    if at and _DIGEST.fullmatch(digest) is None:
        return "invalid image: a digest is sha256: and 64 hex digits"
    return Image(name=name, digest=digest or None)


def usual_runtime(image: object) -> str:
    """Of a task that names none."""
    is_archive = isinstance(image, str) and (".tar" in image or ".tgz" in image)
    return "udocker" if is_archive else "singularity"
