"""Puts the worker together from its settings."""

from dataclasses import dataclass

from libs.fetch.guard import Guard, parse_allow
from libs.web.internal_client import InternalClient
from libs.web.settings import BadSettings
from services.compute import foundation
from services.compute.adapters.auth_people import AuthPeople
from services.compute.adapters.clock import SystemClock
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.mail_smtp import SmtpMail
from services.compute.adapters.outside_http import OutsideHttp
from services.compute.adapters.site_storage import open_site
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.domain.environments import EnvironmentBook
from services.compute.ports.files import ObjectFiles
from services.compute.ports.mail import Mail
from services.compute.ports.site_storage import SiteStorage
from services.compute.usecases.registering import RegisterOutputs
from services.compute.worker.herald import Herald
from services.compute.worker.loop import Loop, Pace
from services.compute.worker.shelving import Shelver
from services.compute.worker.tools import Tools
from services.compute.worker.upkeep import Upkeep
from services.compute.worker_settings import WorkerSettings


@dataclass(frozen=True, slots=True)
class Worker:
    store: SqlJobStore
    tools: Tools
    loop: Loop
    upkeep: Upkeep
    herald: Herald


def read_book(settings: WorkerSettings) -> EnvironmentBook:
    """Raises BadSettings."""
    book = EnvironmentBook(foundation.read_environments(settings.storage).environments)
    strangers = set(settings.engines) - {environment.engine for environment in book.all()}
    if strangers:
        raise BadSettings([f"WORKER_ENGINES: no environment names {name}." for name in sorted(strangers)])
    return book


def build(settings: WorkerSettings, book: EnvironmentBook) -> Worker:
    """Brings the schema up to date. Raises BadSettings, SqlError, FilesUnavailable."""
    work = settings.storage.work_dir
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    store = open_store(settings.storage.database_url.reveal())
    tokens = foundation.service_tokens(settings.peers)
    wanted = settings.engines or [environment.engine for environment in book.all()]
    tools = Tools(
        store=store,
        workflows=store,
        engines=foundation.build_engines(wanted, work, settings.engine_settings),
        files=_files(settings),
        site=_site(settings),
        provider=foundation.provider(settings.peers, tokens),
        objects=store.objects,
        outside=OutsideHttp(_guard(settings)),
        sheets=store.sheets,
        slices=store.slices,
        catalogue=foundation.catalogue(settings.peers, tokens),
        book=book,
        clock=SystemClock(),
        work=work,
        sandbox_keep_seconds=settings.sandbox_keep_seconds,
        quotas=foundation.read_environments(settings.storage).quotas,
        people=_people(settings),
    )
    pace = Pace(
        worker=settings.name, lease_seconds=settings.lease_seconds, poll_seconds=settings.poll_seconds
    )
    register = RegisterOutputs(
        store, tools.files, store.objects, tools.catalogue, tools.clock, settings.storage.catalogue_bytes
    )
    shelve = Shelver(store, store.sheets, register)
    herald = Herald(store.outbox, tools.outside, _mail(settings), tools.clock, shelve)
    return Worker(store, tools, Loop(tools, pace, store.errands), Upkeep(tools), herald)


def _mail(settings: WorkerSettings) -> Mail | None:
    if settings.smtp_url is None:
        return None
    return SmtpMail(settings.smtp_url, settings.mail_from, _people(settings).address_of)


def _people(settings: WorkerSettings) -> AuthPeople:
    tokens = foundation.service_tokens(settings.peers)
    return AuthPeople(
        InternalClient(settings.peers.auth_url, "auth", tokens, settings.peers.auth_timeout_seconds)
    )


def _guard(settings: WorkerSettings) -> Guard:
    return Guard(allow_all=settings.allow_non_public_ip, allow=parse_allow(settings.fetch_allow))


def _files(settings: WorkerSettings) -> ObjectFiles:
    try:
        return open_files(settings.storage.files_url.reveal())
    except ValueError:
        raise BadSettings(["COMPUTE_FILES_URL is of a kind that is not installed."]) from None


def _site(settings: WorkerSettings) -> SiteStorage:
    try:
        return open_site(settings.storage.site_url.reveal())
    except ValueError:
        raise BadSettings(["COMPUTE_OPENPAI_STORAGE_URL is of a kind that is not installed."]) from None
