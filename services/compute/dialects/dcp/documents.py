"""A deploy's document as a whole (contract 3): every mistake in one answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from libs.web.strict_json import Json, to_json
from services.compute.dcp_settings import PUBLIC_GROUP, DcpSettings
from services.compute.dialects.dcp.errors import GroupDenied
from services.compute.dialects.dcp.members import Members, Notes
from services.compute.dialects.dcp.offers import BadOffer, read_offer
from services.compute.dialects.dcp.slices.faults import InvalidSlices, RemoteDataDisabled
from services.compute.dialects.dcp.slices.forms import read_slices
from services.compute.dialects.dcp.work_document import WorkAsked, read_work
from services.compute.domain.slices import Block
from services.compute.usecases.payment_accounts import Named

KNOWN: Final = frozenset(
    {
        *("slices", "work", "account", "args", "computeGroups", "slicePaymentOffer", "requirements"),
        *("packages", "public", "webHookUrls", "maxErrors"),
    }
)
ACCOUNT: Final = frozenset({"json", "address", "label", "name", "password"})
PUBLIC: Final = {"name": 512, "description": 4096, "link": 2048}  # and how long each may be
NAME: Final = "Restfully helping make the world smarter"
NO_WEBHOOKS: Final = "WebHooks are no longer supported in dcp-rest"
NO_ACCOUNT: Final = "No payment account information provided"
NOT_ENABLED: Final = "Slices that are to be fetched from elsewhere are not enabled here"
MOST_GROUPS: Final = 16
MOST_ERRORS: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """What a document asks for. `environments`: where it may run; none: anywhere."""

    work: WorkAsked
    blocks: tuple[Block, ...]
    account: Named
    environments: tuple[str, ...]
    offer: Decimal
    public: Mapping[str, str]
    max_errors: int | None
    warnings: tuple[str, ...]

    @property
    def slices(self) -> int:
        return sum(block.count for block in self.blocks)


@dataclass(frozen=True, slots=True)
class GroupAsked:
    key: str
    secret: str


def read_deploy(given: Json, settings: DcpSettings, packages: Collection[str] = ()) -> Deploy:
    """`packages` are those that there are. Raises BadDocument, GroupDenied, TooManySlices."""
    notes = Notes()
    if not isinstance(given, dict):
        notes.problem("body", "must be a JSON object")
        notes.check()
        raise AssertionError
    notes.unknown(given, KNOWN)
    document = Members(given, notes)
    if given.get("webHookUrls") not in (None, [], ""):
        notes.problem("webHookUrls", "are not supported", "WebHooksUnsupported", NO_WEBHOOKS)
    work = read_work(document, packages, settings.pyimports, notes)
    account = _account(document, notes)
    groups = _groups(document, notes)
    offer = _offer(document, settings, notes)
    public = _public(document, notes)
    max_errors = document.whole("maxErrors", 1, MOST_ERRORS)
    blocks = slices_of(given.get("slices"), settings, notes)
    notes.check()
    if work is None or account is None:
        raise AssertionError("what is missing was not told")
    return Deploy(
        work=work,
        blocks=blocks,
        account=account,
        environments=_environments(groups, settings),
        offer=offer,
        public=public,
        max_errors=max_errors,
        warnings=tuple(notes.warnings),
    )


def slices_of(given: Json, settings: DcpSettings, notes: Notes, path: str = "slices") -> tuple[Block, ...]:
    """Raises TooManySlices."""
    try:
        return read_slices(given, settings.slices, settings.remote_data, path)
    except InvalidSlices as error:
        notes.problem(error.path, error.reason, "InvalidSlices")
    except RemoteDataDisabled:
        notes.problem(path, "may not be fetched from elsewhere", "RemoteDataDisabled", NOT_ENABLED)
    return ()


def _account(document: Members, notes: Notes) -> Named | None:
    given = document.object("account")
    if given is None:
        if not document.has("account"):
            notes.problem("account", "is required", "AccountMissing", NO_ACCOUNT)
        return None
    notes.unknown(given, ACCOUNT, "account.")
    account = Members(given, notes, "account.")
    password = account.text("password", 1024) or ""
    if account.has("json"):
        keystore = account.value("json")
        if isinstance(keystore, dict):
            return Named(keystore=to_json(keystore), password=password)
        text = account.text("json", 11 * 1024)
        return None if text is None else Named(keystore=text, password=password)
    if account.has("address"):
        address = account.text("address", 128)
        return None if address is None else Named(address=address, password=password)
    name = "label" if account.has("label") else "name"
    if not account.has(name):
        notes.problem("account", "must hold json, address or label", "AccountMissing", NO_ACCOUNT)
        return None
    label = account.text(name, 255)
    return None if label is None else Named(label=label, password=password)


def _groups(document: Members, notes: Notes) -> list[GroupAsked]:
    given = document.value("computeGroups")
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_GROUPS:
        notes.problem("computeGroups", f"must be a list of {MOST_GROUPS} groups at most")
        return []
    groups: list[GroupAsked] = []
    for number, each in enumerate(given):
        if not isinstance(each, dict):
            notes.problem(f"computeGroups[{number}]", "must be an object with joinKey and joinSecret")
            continue
        group = Members(each, notes, f"computeGroups[{number}].")
        key, secret = group.text("joinKey", 255), group.text("joinSecret", 1024)
        if not key:
            notes.problem(group.place("joinKey"), "is required")
        else:
            groups.append(GroupAsked(key, secret or ""))
    return groups


def _environments(groups: list[GroupAsked], settings: DcpSettings) -> tuple[str, ...]:
    """Of all groups together. Raises GroupDenied."""
    if not groups:
        return settings.environments
    found: list[tuple[str, ...]] = []
    for group in groups:
        known = settings.groups.get(group.key)
        if group.key == PUBLIC_GROUP:
            found.append(settings.environments)
        elif known is not None and known.opens(group.secret):
            found.append(known.environments)
        else:
            raise GroupDenied
    return () if () in found else tuple(dict.fromkeys(name for names in found for name in names))


def _offer(document: Members, settings: DcpSettings, notes: Notes) -> Decimal:
    try:
        return read_offer(document.value("slicePaymentOffer"), settings.price)
    except BadOffer as error:
        notes.problem("slicePaymentOffer", str(error))
        return settings.price


def _public(document: Members, notes: Notes) -> Mapping[str, str]:
    given = document.object("public") or {}
    notes.unknown(given, PUBLIC, "public.")
    public = Members(given, notes, "public.")
    texts = {name: public.text(name, most) for name, most in PUBLIC.items()}
    name = texts.get("name")
    if name and not name.isprintable():
        notes.problem("public.name", "must be one line that can be shown")
    found = {name: text for name, text in texts.items() if text}
    return {"name": NAME, **found}
