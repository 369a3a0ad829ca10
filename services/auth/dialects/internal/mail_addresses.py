"""Where somebody is written to, for the service that tells owners of ended jobs.

GET /internal/mail-addresses/<subject>  -> 200 {"email": "..."}; null for who has none
"""

from flask import Blueprint, Response

from libs.web.service_tokens import requires_service
from services.auth.dialects.internal.errors import answer
from services.auth.usecases.mail_addresses import MailAddresses


def add(room: Blueprint, addresses: MailAddresses) -> None:
    @room.get("/mail-addresses/<subject>")
    @requires_service("compute")
    def mail_address(subject: str) -> Response:
        return answer({"email": addresses.of(subject)})
