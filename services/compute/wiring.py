"""The only place that knows concrete classes; builds what the web app needs."""

from collections.abc import Mapping
from dataclasses import dataclass

from libs.signing.keys import require_native_curve
from libs.web.gate import Gate
from libs.web.internal_client import InternalClient, ServiceTokens
from libs.web.jwks import RemoteJwks
from libs.web.remembered_principals import RememberedPrincipals, RemoteAuth
from libs.web.service_tokens import ServiceTokenVerifier
from libs.web.settings import BadSettings
from services.compute import foundation
from services.compute.adapters.auth_people import AuthPeople
from services.compute.adapters.auth_tokens import AuthTokens
from services.compute.adapters.clock import SystemClock
from services.compute.adapters.files_fsspec import open_files
from services.compute.adapters.links import HmacLinks
from services.compute.adapters.logs import StoredLogs
from services.compute.adapters.store_sql.store import SqlJobStore, open_store
from services.compute.deps import Deps
from services.compute.dialects.dcp import DcpParts
from services.compute.dialects.dirac import DiracParts
from services.compute.dialects.dirac.limits import Limits
from services.compute.dialects.dirac.manifest.sites import Sites
from services.compute.dialects.internal.files import Shelf
from services.compute.dialects.native import NativeParts
from services.compute.dialects.ocean.parts import OceanParts
from services.compute.dialects.openpai import OpenPaiParts
from services.compute.dialects.prominence import ProminenceParts
from services.compute.dialects.prominence.stores import StoreParts
from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.quotas import Quotas
from services.compute.ports.engines import Abilities
from services.compute.ports.files import ObjectFiles
from services.compute.settings import Peers, Settings
from services.compute.usecases.clusters import Clusters
from services.compute.usecases.copies import Copies
from services.compute.usecases.dead_letters import DeadLetters
from services.compute.usecases.environments import RunningJobs
from services.compute.usecases.errands import Ask
from services.compute.usecases.follow import Follow
from services.compute.usecases.job_access import JobAccess
from services.compute.usecases.job_archives import JobArchives
from services.compute.usecases.job_logs import JobLogs
from services.compute.usecases.job_text import JobText
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.keyvalues import KeyValues
from services.compute.usecases.named_jobs import NamedJobs
from services.compute.usecases.objects import Objects
from services.compute.usecases.ocean_environments import OceanEnvironments
from services.compute.usecases.ocean_jobs import OceanJobs
from services.compute.usecases.ocean_start import OceanStart
from services.compute.usecases.placing import Placing
from services.compute.usecases.registering import RegisterOutputs
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.results import Results
from services.compute.usecases.sandboxes import Sandboxes
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit
from services.compute.usecases.wallet_requests import WalletRequests
from services.compute.usecases.workflow_fitting import WorkflowFitting
from services.compute.usecases.workflows import Workflows
from services.compute.wiring_dcp import dcp_parts, unknown_environments


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shared:
    """What both windows are built on."""

    settings: Settings
    store: SqlJobStore
    files: ObjectFiles
    logs: StoredLogs
    clock: SystemClock
    book: EnvironmentBook
    quotas: Quotas
    abilities: Mapping[str, Abilities]
    submit: Submit
    jobs: Jobs
    workflows: Workflows
    results: Results
    errands: Ask
    streams: Streams


def build(settings: Settings) -> Deps:
    """Everything concrete; brings the schema up to date first.

    Raises BadSettings for an environments file that cannot be used. Engines are the workers' business: here
    only what they can do is known.
    """
    require_native_curve()
    shared = _shared(settings)
    tokens = foundation.service_tokens(settings.peers)
    principals = _principals(settings.peers, tokens)
    jwks = RemoteJwks(settings.peers.auth_url)
    jwks.warm()
    has_environments = bool(shared.book.all())
    return Deps(
        gate=Gate(principals, settings.certificate_headers),
        native=_native(shared),
        ocean=_ocean(shared, tokens, principals) if has_environments else None,
        prominence=_prominence(shared) if has_environments else None,
        dirac=_dirac(shared, tokens) if has_environments else None,
        dcp=_dcp(shared) if has_environments else None,
        openpai=_openpai(shared, tokens) if has_environments else None,
        book=shared.book,
        shelf=Shelf(shared.store.objects, shared.files),
        verifier=ServiceTokenVerifier(jwks),
        checks={"database": shared.store.ping, "files": shared.files.ping},
    )


def _shared(settings: Settings) -> _Shared:
    storage, clock = settings.storage, SystemClock()
    described = foundation.read_environments(storage)
    book = EnvironmentBook(described.environments)
    quotas = _with_clusters(described.quotas, book, settings)
    names = [environment.engine for environment in described.environments]
    engines = foundation.build_engines(names, storage.work_dir, settings.engines)
    abilities = {name: engine.abilities() for name, engine in engines.items()}
    store = open_store(storage.database_url.reveal(), most_slices=settings.dcp.slices)
    files = open_files(storage.files_url.reveal())
    logs = StoredLogs(storage.work_dir, files)
    submit = Submit(store, book, abilities, quotas, clock, store.objects)
    fitting = WorkflowFitting(submit, quotas)
    return _Shared(
        settings=settings,
        store=store,
        files=files,
        logs=logs,
        clock=clock,
        book=book,
        quotas=quotas,
        abilities=abilities,
        submit=submit,
        jobs=Jobs(store, clock),
        workflows=Workflows(store, store, fitting, quotas, clock),
        results=Results(store, files, logs),
        errands=Ask(store.errands, files, clock, settings.prominence.errands),
        streams=Streams(settings.streams),
    )


def _with_clusters(quotas: Quotas, book: EnvironmentBook, settings: Settings) -> Quotas:
    """Raises BadSettings."""
    clusters = settings.openpai.clusters
    if book.all() and not clusters.environments() <= {environment.id for environment in book.all()}:
        raise BadSettings(["OPENPAI_VIRTUAL_CLUSTERS names an environment that there is not."])
    return clusters.limits(quotas)


def _native(shared: _Shared) -> NativeParts:
    settings, store, clock = shared.settings, shared.store, shared.clock
    return NativeParts(
        submit=shared.submit,
        jobs=shared.jobs,
        workflows=shared.workflows,
        errands=shared.errands,
        repeat=Repeat(store, shared.submit, shared.quotas, clock),
        results=shared.results,
        logs=JobLogs(shared.logs),
        follow=Follow(store, shared.logs, clock),
        sandboxes=Sandboxes(shared.files, settings.sandbox_bytes, settings.sandboxes_bytes),
        dead_letters=DeadLetters(store, clock),
        running=RunningJobs(store, shared.book),
        environments=shared.book,
        engines=shared.abilities,
        quotas=shared.quotas,
        clock=clock,
        streams=shared.streams,
    )


def _ocean(shared: _Shared, tokens: ServiceTokens, principals: RememberedPrincipals) -> OceanParts:
    settings, store, clock = shared.settings, shared.store, shared.clock
    provider = foundation.provider(settings.peers, tokens)
    return OceanParts(
        requests=WalletRequests(provider, AuthTokens(principals), store, clock),
        start=OceanStart(provider, shared.submit, store, shared.book, shared.abilities),
        jobs=OceanJobs(store, shared.jobs, shared.results),
        environments=OceanEnvironments(shared.book, store, provider, clock),
        bare_environments=settings.bare_environments,
    )


def _prominence(shared: _Shared) -> ProminenceParts:
    settings = shared.settings
    return ProminenceParts(
        submit=shared.submit,
        copies=Copies(shared.submit, shared.store),
        jobs=shared.jobs,
        workflows=shared.workflows,
        placing=Placing(shared.book, shared.abilities),
        results=shared.results,
        text=JobText(shared.logs),
        errands=shared.errands,
        links=HmacLinks(settings.peers.service_secret),
        clock=shared.clock,
        stores=_stores(shared),
        public_url=settings.public_url,
        exit_completes=settings.prominence.exit_completes,
    )


def _dirac(shared: _Shared, tokens: ServiceTokens) -> DiracParts:
    settings = shared.settings
    known = {environment.id for environment in shared.book.all()}
    if not settings.dirac.sites.keys() <= known:
        raise BadSettings(["COMPUTE_DIRAC_SITES names an environment that there is not."])
    bytes_of = (max(settings.sandbox_bytes, settings.dirac.sandbox_bytes), settings.sandboxes_bytes)
    catalogue = foundation.catalogue(settings.peers, tokens)
    return DiracParts(
        submit=shared.submit,
        repeat=Repeat(shared.store, shared.submit, shared.quotas, shared.clock),
        jobs=shared.jobs,
        sheets=shared.store.sheets,
        access=JobAccess(shared.jobs, shared.store.sheets, settings.dirac.shows_all),
        logs=JobLogs(shared.logs),
        placing=Placing(shared.book, shared.abilities),
        sandboxes=Sandboxes(shared.files, *bytes_of),
        files=catalogue,
        results=shared.results,
        archives=JobArchives(shared.files),
        register=RegisterOutputs(
            shared.store,
            shared.files,
            shared.store.objects,
            catalogue,
            shared.clock,
            settings.storage.catalogue_bytes,
        ),
        links=HmacLinks(settings.peers.service_secret),
        clock=shared.clock,
        sites=Sites(settings.dirac.sites),
        limits=Limits(
            sandbox_bytes=settings.dirac.sandbox_bytes,
            jobs=settings.dirac.jobs,
            reschedules=settings.dirac.reschedules,
        ),
        setup=settings.dirac.setup,
        public_url=settings.public_url,
        usual_form=settings.dirac.sandbox_form,
    )


def _dcp(shared: _Shared) -> DcpParts:
    settings = shared.settings.dcp
    if problems := unknown_environments(settings, shared.book):
        raise BadSettings(problems)
    placing = Placing(shared.book, shared.abilities)
    return dcp_parts(settings, shared.store, shared.clock, shared.submit, placing, shared.streams)


def _openpai(shared: _Shared, tokens: ServiceTokens) -> OpenPaiParts:
    settings, store, clock = shared.settings, shared.store, shared.clock
    own, peers = settings.openpai, settings.peers
    free = [each for each in shared.book.all() if not each.price_per_minute]
    client = InternalClient(peers.auth_url, "auth", tokens, peers.auth_timeout_seconds)
    return OpenPaiParts(
        submit=shared.submit,
        jobs=shared.jobs,
        named=NamedJobs(store, Repeat(store, shared.submit, shared.quotas, clock), clock),
        placing=Placing(shared.book, shared.abilities),
        logs=JobLogs(shared.logs),
        clusters=Clusters(own.clusters, store, shared.book),
        clock=clock,
        root_uri=own.root_uri,
        public_url=settings.public_url,
        is_open=own.is_open,
        images=own.images,
        keep_seconds=own.keep_seconds,
        overcommit=own.overcommit,
        promised_seconds=min([own.keep_seconds, *(each.storage_seconds for each in free)]),
        people=AuthPeople(client).named,
    )


def _stores(shared: _Shared) -> StoreParts:
    settings, store, clock = shared.settings, shared.store, shared.clock
    bytes_of = (settings.sandbox_bytes, settings.sandboxes_bytes)
    return StoreParts(
        objects=Objects(store.objects, shared.files, clock, *bytes_of),
        keys=KeyValues(store.keys, clock),
        usage=store.usage,
        running=RunningJobs(store, shared.book),
        environments=shared.book,
        checks={"database": store.ping, "files": shared.files.ping},
    )


def _principals(peers: Peers, tokens: ServiceTokens) -> RememberedPrincipals:
    client = InternalClient(peers.auth_url, "auth", tokens, peers.auth_timeout_seconds)
    return RememberedPrincipals(RemoteAuth(client))
