"""Settings of the DCP window, read by settings.py."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from libs.web.settings import Env, Secret
from services.compute.domain.ledger import PLACES

PUBLIC_GROUP: Final = "public"
_PRICE: Final = re.compile(r"[0-9]{1,20}(?:\.[0-9]{1,18})?")


@dataclass(frozen=True, slots=True)
class Group:
    """A compute group: who knows its secret has jobs run in its environments (none: in all)."""

    secret: Secret
    environments: tuple[str, ...] = ()

    def opens(self, secret: str) -> bool:
        return hmac.compare_digest(self.secret.reveal().encode(), secret.encode(errors="replace"))


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceLimits:
    """Of the work on one slice."""

    cpu_seconds: float = 60.0
    seconds: float = 300.0
    memory_bytes: int = 512 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DcpSettings:
    """Amounts in compute credits."""

    body_bytes: int = 16 << 20  # of one request, before and after it is unzipped
    slices: int = 1_000_000  # of one job
    lanes: int = 2  # instances of a job that work at the same time
    environments: tuple[str, ...] = ()  # of jobs of the public group; none: all
    groups: Mapping[str, Group] = field(default_factory=dict)  # by joinKey, besides the public one
    price: Decimal = Decimal(0)  # of one slice, at market value
    opening_balance: Decimal = Decimal(100)  # of an identity's first account
    any_account: bool = False  # development: unknown addresses become accounts of who names them
    packages_dir: Path | None = None  # of CommonJS modules that work functions may require
    pyimports: tuple[str, ...] = ()  # that the images have besides Python's own modules
    remote_data: bool = False  # slices may be addresses of data
    node_image: str = "node:22-bookworm-slim"
    python_image: str = "python:3.12-slim-bookworm"
    slice_limits: SliceLimits = SliceLimits()


def read_dcp(env: Env) -> DcpSettings:
    """Problems are collected in `env`."""
    usual = DcpSettings()
    return DcpSettings(
        body_bytes=env.int("COMPUTE_DCP_BODY_BYTES", usual.body_bytes, least=1024),
        slices=env.int("COMPUTE_DCP_SLICES", usual.slices, least=1),
        lanes=env.int("COMPUTE_DCP_LANES", usual.lanes, least=1, most=1000),
        environments=env.list("COMPUTE_DCP_ENVIRONMENTS"),
        groups=_groups(env),
        price=_amount(env, "COMPUTE_DCP_PRICE", usual.price),
        opening_balance=_amount(env, "COMPUTE_DCP_OPENING_BALANCE", usual.opening_balance),
        any_account=env.bool("COMPUTE_DCP_ANY_ACCOUNT"),
        packages_dir=_folder(env, "COMPUTE_DCP_PACKAGES_DIR"),
        pyimports=env.list("COMPUTE_DCP_PYIMPORTS"),
        remote_data=env.bool("COMPUTE_DCP_REMOTE_DATA"),
        node_image=env.text("COMPUTE_DCP_NODE_IMAGE", usual.node_image),
        python_image=env.text("COMPUTE_DCP_PYTHON_IMAGE", usual.python_image),
        slice_limits=SliceLimits(
            cpu_seconds=env.float("COMPUTE_DCP_SLICE_CPU_SECONDS", usual.slice_limits.cpu_seconds, least=0.1),
            seconds=env.float("COMPUTE_DCP_SLICE_SECONDS", usual.slice_limits.seconds, least=0.1),
            memory_bytes=env.int(
                "COMPUTE_DCP_SLICE_MEMORY_BYTES", usual.slice_limits.memory_bytes, least=64 << 20
            ),
        ),
    )


def _amount(env: Env, name: str, usual: Decimal) -> Decimal:
    text = env.text(name, format(usual, "f"))
    try:
        if _PRICE.fullmatch(text) is None:
            raise InvalidOperation
        return Decimal(text)
    except InvalidOperation:
        env.problem(f"{name} must be an amount of credits, with {PLACES} places at most.")
        return usual


def _folder(env: Env, name: str) -> Path | None:
    text = env.optional(name)
    if text is not None and not Path(text).is_dir():
        env.problem(f"{name} must be a folder that there is.")
    return None if text is None else Path(text)


def packages_in(folder: Path | None) -> Mapping[str, str]:
    """Sources by name: `stats/mean` is the file `stats/mean.js`. Raises OSError, UnicodeDecodeError."""
    if folder is None:
        return {}
    files = sorted(folder.rglob("*.js"))
    return {str(file.relative_to(folder).with_suffix("")): file.read_text("utf-8") for file in files}


def _groups(env: Env) -> Mapping[str, Group]:
    """`{"<joinKey>": {"secret": "...", "environments": ["<id>", ...]}}`"""
    found = env.json("COMPUTE_DCP_GROUPS", {})
    if not isinstance(found, dict) or PUBLIC_GROUP in found or not all(map(_is_group, found.values())):
        env.problem(
            "COMPUTE_DCP_GROUPS must be a JSON object of groups, none of them public, each with a secret and "
            "maybe a list of environments."
        )
        return {}
    return {
        key: Group(Secret(group["secret"]), tuple(group.get("environments", ())))
        for key, group in found.items()
    }


def _is_group(group: object) -> bool:
    if not isinstance(group, dict) or not isinstance(group.get("secret"), str) or not group["secret"]:
        return False
    environments = group.get("environments", [])
    return isinstance(environments, list) and all(isinstance(each, str) for each in environments)
