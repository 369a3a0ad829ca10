"""What is not of good status is seen by those only who ask for all (contract 3.5)."""

from dataclasses import replace

from services.catalogue.domain.files.entries import File, Status
from services.catalogue.domain.files.errors import NotThere


def shown(file: File, *, all_statuses: bool) -> File:
    """Without the replicas that are not to be seen. Raises NotThere."""
    if all_statuses:
        return file
    if file.attributes.status is not Status.GOOD:
        raise NotThere(f"There is no file {file.lfn} of good status")
    return of_status(file)


def of_status(file: File) -> File:
    """With the replicas of good status only."""
    if all(replica.status is Status.GOOD for replica in file.replicas):
        return file
    return replace(file, replicas=tuple(each for each in file.replicas if each.status is Status.GOOD))
