"""`/audit`: who did what, newest first."""

from flask import Blueprint, Response, g

from libs.web.gate import needs
from services.auth.dialects.native.errors import answer
from services.auth.dialects.native.params import Query
from services.auth.dialects.native.views import event_view
from services.auth.domain.audit import AuditQuery
from services.auth.domain.authority import need_admin
from services.auth.domain.scopes import ADMIN
from services.auth.ports.people import AuditLog


def add(room: Blueprint, audit_log: AuditLog) -> None:
    @room.get("/audit")
    @needs(ADMIN)
    def list_events() -> Response:
        need_admin(g.principal)
        query = Query("before", "limit", "subject", "actor", "event")
        most = query.limit()
        wanted = AuditQuery(
            most=most + 1,
            before=query.number("before"),
            subject=query.text("subject"),
            actor=query.text("actor"),
            event=query.text("event"),
        )
        found = audit_log.page(wanted)
        more = len(found) > most
        shown = [event_view(stored) for stored in found[:most]]
        return answer({"events": shown, "next": shown[-1]["id"] if more else None})
