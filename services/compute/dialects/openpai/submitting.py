"""Jobs are taken: a body in any encoding, checked, translated, placed; on record before the answer."""

from fnmatch import fnmatchcase
from functools import partial
from typing import Final

from flask import request

from libs.web.any_body import read_any_body
from libs.web.principal import Principal
from services.compute.dialects.openpai.config import JOB_NAME, NAME_RULE, Config, Invalid, read_config
from services.compute.dialects.openpai.errors import Forbidden, JobExists
from services.compute.dialects.openpai.facts import OTHER_NAME, facts_of, known_of
from services.compute.dialects.openpai.lookup import handle_of, is_administrator
from services.compute.dialects.openpai.parts import OpenPaiParts
from services.compute.dialects.openpai.states import raw_state
from services.compute.dialects.openpai.translate import Asked, Dirs, core_names, planned, spec_of
from services.compute.domain.errors import HandleTaken, JobNotFound
from services.compute.domain.job import Handle, Job, NewJob
from services.compute.domain.site_paths import (
    BadSitePath,
    filled,
    may_use,
    output_path,
    storage_path,
    storage_user,
    uri_of,
)
from services.compute.usecases.clusters import FACT

MAX_BODY: Final = 2 * 1024 * 1024
KEPT: Final = "is kept for the jobs of other windows"
NOT_ALLOWED: Final = "is none of the images that may be run here"


def submit(parts: OpenPaiParts, principal: Principal, scope: str, name: str | None, *, is_v1: bool) -> Config:
    """`name` is the URL's, None where the body has it.

    Raises Invalid, BadParams, Forbidden, JobExists, ClusterUnknown, ClusterForbidden and what Submit raises.
    """
    owner = _owner(parts, principal, scope)
    config = read_config(read_any_body(request, MAX_BODY), name)
    _check(parts, config)
    handle = handle_of(scope, config.name)
    _require_free(parts, handle)
    cluster = parts.clusters.admit(config.cluster, owner.virtual_clusters)
    user = storage_user(owner)
    asked = Asked(
        config=config,
        username=owner.name,
        storage_user=user,
        scope=scope,
        is_v1=is_v1,
        cores=core_names([role.name for role in config.roles]),
        blocks=planned(config),
        dirs=dirs_of(config, user, parts.root_uri),
        moment=int(parts.clock.now() * 1000),
        keep_seconds=parts.keep_seconds,
        overcommit=parts.overcommit,
    )
    required = () if cluster.environment is None else (cluster.environment,)
    new = NewJob(
        owner=owner.subject,
        dialect=handle.window,
        spec=parts.placing.place(partial(spec_of, asked), required),
        name=config.name,
        groups=(*owner.groups, cluster.group),
        facts={**facts_of(asked), FACT: cluster.name},
        handle=handle,
    )
    try:
        parts.submit(new)
    except HandleTaken:
        _require_free(parts, handle)
        raise JobExists(config.name, "") from None
    return config


def dirs_of(config: Config, user: str, root_uri: str) -> Dirs:
    """`user` is as whom the storage is used (site_paths.storage_user). Raises Invalid for what leads out of
    it, Forbidden for what is another user's.
    """
    fill = partial(filled, root_uri=root_uri, job=config.name, user=user)
    sent = {"codeDir": config.code_dir, "dataDir": config.data_dir, "outputDir": config.output_dir}
    paths: dict[str, str] = {}
    for field, text in sent.items():
        try:
            paths[field] = storage_path(fill(text)) if text else ""
        except BadSitePath as error:
            raise Invalid([(field, error.reason)]) from None
        if paths[field] and not may_use(paths[field], user):
            raise Forbidden(user, f"use the {field} of another user")
    output = paths["outputDir"] or _usual_output(config, user)
    return Dirs(
        code=paths["codeDir"],
        code_uri=_uri(paths["codeDir"], root_uri),
        data=paths["dataDir"],
        data_uri=_uri(paths["dataDir"], root_uri),
        output=output,
        output_uri=_uri(output, root_uri),
        root_uri=root_uri,
    )


def _usual_output(config: Config, user: str) -> str:
    try:
        return output_path(user, config.name)
    except BadSitePath as error:
        raise Invalid([("outputDir", error.reason)]) from None


def _uri(path: str, root_uri: str) -> str:
    return uri_of(path, root_uri) if path else ""


def _owner(parts: OpenPaiParts, principal: Principal, scope: str) -> Principal:
    """Whose the job will be: an administrator may submit it into another user's namespace."""
    if scope in ("", principal.name):
        return principal
    found = parts.people(scope) if parts.people is not None and is_administrator(principal) else None
    if found is None:
        raise Forbidden(principal.name, f"submit jobs for user {scope[:64]}")
    return found


def _check(parts: OpenPaiParts, config: Config) -> None:
    problems = []
    if OTHER_NAME.fullmatch(config.name):
        problems.append(("jobName", KEPT))
    if JOB_NAME.fullmatch(config.name) is None:
        problems.append(("jobName", NAME_RULE))
    if parts.images and not any(fnmatchcase(config.image, pattern) for pattern in parts.images):
        problems.append(("image", NOT_ALLOWED))
    if problems:
        raise Invalid(problems)


def _require_free(parts: OpenPaiParts, handle: Handle) -> None:
    """Raises JobExists."""
    try:
        job: Job = parts.named.find(handle)
    except JobNotFound:
        return
    owner = known_of(job).username
    raise JobExists(handle.name, f"it is a job of user {owner} and its state is {raw_state(job)}")
