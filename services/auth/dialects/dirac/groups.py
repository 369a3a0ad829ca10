"""`/oauth2/groups` and `/oauth2/setups`: what a certificate's owner may ask tokens for (contract 1.1)."""

from flask import Blueprint, Response

from libs.web.gate import public, signed
from services.auth.deps import OAuthParts
from services.auth.dialects.oauth.certificate_errors import REFUSALS, told
from services.auth.dialects.oauth.errors import answer, problem
from services.auth.dialects.oauth.mtls import presented


def add(room: Blueprint, parts: OAuthParts) -> None:
    @room.route("/oauth2/groups", methods=["GET", "POST"])
    @signed
    def groups() -> Response:
        try:
            person = parts.dirac.certificates.owner(presented(parts))
        except tuple(REFUSALS) as error:
            status, code, text = told(error)
            return problem(status, code, text)
        return answer({"groups": [group.name for group in parts.dirac.groups(person)]})

    @room.route("/oauth2/setups", methods=["GET", "POST"])
    @public
    def setups() -> Response:
        """For anybody, as upstream has it; the seed's certificate does no harm."""
        return answer({"setups": list(parts.dirac.setups)})
