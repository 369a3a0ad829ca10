"""`/api/v1/token` and `/api/v1/user`: the same of the next generation, and who may use which virtual
cluster.
"""

from typing import Final

from flask import Blueprint, Response, g, request

from libs.web import peers
from libs.web.any_body import read_any_body
from libs.web.gate import needs, public
from services.auth.dialects.openpai import fields
from services.auth.dialects.openpai.errors import Invalid, answer, refusal
from services.auth.dialects.openpai.users import FLAGS, LOGIN, MAX_BODY_BYTES, REMOVED, UPDATED, update_of
from services.auth.domain.authority import need_admin
from services.auth.domain.openpai import is_too_short
from services.auth.domain.people import PASSWORD_MIN_CHARS
from services.auth.usecases.openpai import OpenPaiUsers

PAGE: Final = 1000
CLUSTERS_UPDATED: Final = {"message": "update user virtual clusters successfully"}


def add(room: Blueprint, users: OpenPaiUsers) -> None:
    _add_token(room, users)
    _add_list(room, users)
    _add_changes(room, users)
    _add_grants(room, users)


def _add_token(room: Blueprint, users: OpenPaiUsers) -> None:
    @room.post("/api/v1/token", strict_slashes=False)
    @public
    def token() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, LOGIN)
        name, password = fields.username(body), fields.need(body, "password")
        if is_too_short(password):
            raise Invalid("password", f"must have at least {PASSWORD_MIN_CHARS} characters")
        person, issued = users.login(name, password, fields.seconds(body), peers.current())
        return answer(
            {
                "user": person.username,
                "token": issued.text,
                "admin": person.is_admin,
                "hasGitHubPAT": False,
            }
        )


def _add_list(room: Blueprint, users: OpenPaiUsers) -> None:
    @room.get("/api/v1/user", strict_slashes=False)
    @needs()
    def people() -> Response:
        found = users.page(g.principal, "", PAGE)
        while len(page := users.page(g.principal, found[-1].username, PAGE) if found else []) > 0:
            found += page
        # Texts, not booleans: the portal compares them with 'true'.
        return answer(
            [
                {
                    "username": person.username,
                    "admin": "true" if person.is_admin else "false",
                    "virtualCluster": ",".join(users.clusters_of(person)),
                    "hasGithubPAT": False,
                }
                for person in found
            ]
        )


def _add_changes(room: Blueprint, users: OpenPaiUsers) -> None:
    @room.put("/api/v1/user", strict_slashes=False)
    @needs()
    def put_user() -> Response:
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, ("username", "password", *FLAGS))
        wanted = update_of(body)
        if wanted.modify is None:
            raise Invalid("modify", "is required")
        users.update(g.principal, wanted)
        return answer(UPDATED, 201)

    @room.delete("/api/v1/user", strict_slashes=False)
    @needs()
    def remove_user() -> Response:
        users.remove(g.principal, fields.need(read_any_body(request, MAX_BODY_BYTES), "username"))
        return answer(REMOVED)

    @room.delete("/api/v1/user/<name>", strict_slashes=False)
    @needs()
    def remove_named(name: str) -> Response:
        """For callers behind proxies that drop the body of a DELETE."""
        users.remove(g.principal, name)
        return answer(REMOVED)


def _add_grants(room: Blueprint, users: OpenPaiUsers) -> None:
    @room.put("/api/v1/user/<name>/virtualClusters", strict_slashes=False)
    @needs()
    def put_clusters(name: str) -> Response:
        need_admin(g.principal)  # before anything is said of the body
        body = read_any_body(request, MAX_BODY_BYTES)
        fields.only(body, ("virtualClusters",))
        users.set_clusters(g.principal, name, fields.cluster_names(body))
        return answer(CLUSTERS_UPDATED, 201)

    @room.put("/api/v1/user/<name>/githubPAT", strict_slashes=False)
    @needs()
    def put_github_token(name: str) -> Response:
        return refusal(501, "NotImplementedError", "Tokens of other services are not kept here.")
