"""What the DCP room is built from."""

from services.compute.adapters.store_sql.store import SqlJobStore
from services.compute.dcp_settings import DcpSettings, packages_in
from services.compute.dialects.dcp import DcpParts
from services.compute.domain.environments import EnvironmentBook
from services.compute.ports import Clock
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.payment_accounts import PaymentAccounts
from services.compute.usecases.placing import Placing
from services.compute.usecases.slice_waiting import SliceWaiting
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit


def dcp_parts(
    settings: DcpSettings,
    store: SqlJobStore,
    clock: Clock,
    submit: Submit,
    placing: Placing,
    streams: Streams,
) -> DcpParts:
    return DcpParts(
        submit=submit,
        jobs=Jobs(store, clock),
        slices=store.slices,
        accounts=PaymentAccounts(store.ledger, clock, settings.opening_balance, settings.any_account),
        placing=placing,
        waiting=SliceWaiting(clock),
        streams=streams,
        clock=clock,
        settings=settings,
        packages=packages_in(settings.packages_dir),
    )


def unknown_environments(settings: DcpSettings, book: EnvironmentBook) -> list[str]:
    """Problems of the settings: names that the operator's file does not have."""
    named = {name for group in settings.groups.values() for name in group.environments}
    known = {environment.id for environment in book.all()}
    found = []
    if known and not known.issuperset(settings.environments):
        found.append("COMPUTE_DCP_ENVIRONMENTS names an environment that there is not.")
    if known and not known.issuperset(named):
        found.append("COMPUTE_DCP_GROUPS names an environment that there is not.")
    return found
