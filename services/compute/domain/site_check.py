"""Which parts of a spec use the site's storage: of others than the jobs of the window that knows its users
they are refused, since nobody has said as whom.
"""

from collections.abc import Iterator
from typing import Final

from services.compute.domain.spec import Source, Spec

REFUSED: Final = "The site's storage is for jobs of OpenPAI's window alone."


def storage_problems(spec: Spec) -> Iterator[tuple[str, str]]:
    """Each as (place in the spec, sentence)."""
    for number, given in enumerate(spec.inputs):
        if given.source is Source.STORAGE:
            yield f"/inputs/{number}/source", REFUSED
    for number, output in enumerate(spec.outputs):
        if output.to is not None:
            yield f"/outputs/{number}/to", REFUSED
