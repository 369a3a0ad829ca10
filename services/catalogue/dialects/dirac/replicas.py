"""Replicas of files, and the storage elements that they lie on (contract 3.6)."""

from collections.abc import Mapping, Sequence

from flask import Blueprint, Response

from libs.web.gate import needs
from libs.web.params import BadParams
from services.catalogue.dialects.dirac.asking import Query, actor, sent_object
from services.catalogue.dialects.dirac.directories import READ, WRITE
from services.catalogue.dialects.dirac.errors import answer
from services.catalogue.dialects.dirac.paths import decoded
from services.catalogue.dialects.dirac.views import replicas as shown
from services.catalogue.domain.files.entries import Replica, Status
from services.catalogue.domain.files.errors import NotThere
from services.catalogue.usecases.files.replicas import Replicas


def add(room: Blueprint, replicas: Replicas) -> None:
    @needs(READ)
    def listed(file: str) -> Response:
        found = replicas.of(actor(), decoded(file), all_statuses=Query().flag("allStatus"))
        return answer(shown(found.replicas))

    @needs(WRITE)
    def put(file: str, se: str) -> Response:
        sent = _members(sent_object(), "PFN", "Status")
        if "PFN" not in sent:
            raise BadParams("PFN", "PFN is missing: where the replica lies.")
        found = replicas.set(actor(), decoded(file), se, pfn=sent["PFN"], status=_status(sent))
        return answer(shown(found.replicas))

    @needs(WRITE)
    def change(file: str, se: str) -> Response:
        return answer(shown(_changed(replicas, decoded(file), se)))

    @needs(WRITE)
    def remove(file: str, se: str) -> Response:
        replicas.remove(actor(), decoded(file), se, force=Query().flag("force"))
        return answer({se: True})

    @needs(READ)
    def elements() -> Response:
        found = replicas.storage_elements(actor())
        told = {
            se.name: {"protocols": list(se.protocols), "read": se.is_readable, "write": se.is_writable}
            for se in found
        }
        return answer(told)

    room.add_url_rule("/file/<file>/replicas", "replicas", listed)
    room.add_url_rule("/file/<file>/replicas/<se>", "put_replica", put, methods=["PUT"])
    room.add_url_rule("/file/<file>/replicas/<se>", "change_replica", change, methods=["PATCH"])
    room.add_url_rule("/file/<file>/replicas/<se>", "remove_replica", remove, methods=["DELETE"])
    room.add_url_rule("/storageelements", "storage_elements", elements)


def _changed(replicas: Replicas, lfn: str, se: str) -> Sequence[Replica]:
    """What is not sent stays. Raises NotThere."""
    sent, who = _members(sent_object(), "PFN", "Status", "NewSE"), actor()
    known = replicas.of(who, lfn, all_statuses=True).replicas
    current = next((replica for replica in known if replica.se == se), None)
    if current is None:
        raise NotThere("There is no replica on that storage element.")
    new = sent.get("NewSE", se)
    found = replicas.set(
        who,
        lfn,
        new,
        pfn=sent.get("PFN", current.pfn),
        status=_status(sent, current.status),
        moves_from=None if new == se else se,
    )
    return found.replicas


def _status(sent: Mapping[str, str], otherwise: Status = Status.GOOD) -> Status:
    if "Status" not in sent:
        return otherwise
    try:
        return Status(sent["Status"])
    except ValueError:
        raise BadParams("Status", f"Status must be one of {', '.join(Status)}.") from None


def _members(sent: dict[str, object], *known: str) -> dict[str, str]:
    """Texts by member. Raises BadParams."""
    texts = {name: value for name, value in sent.items() if isinstance(value, str) and value}
    for name in sent:
        if name not in known:
            raise BadParams("body", f"The body may have {', '.join(known)}.")
        if name not in texts:
            raise BadParams(name, f"{name} must be a text.")
    return texts
