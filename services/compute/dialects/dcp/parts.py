"""What this room is built from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.compute.dcp_settings import DcpSettings
from services.compute.ports import Clock
from services.compute.ports.slices import SliceStore
from services.compute.usecases.jobs import Jobs
from services.compute.usecases.payment_accounts import PaymentAccounts
from services.compute.usecases.placing import Placing
from services.compute.usecases.slice_waiting import SliceWaiting
from services.compute.usecases.streams import Streams
from services.compute.usecases.submit import Submit


@dataclass(frozen=True, slots=True, kw_only=True)
class DcpParts:
    """`streams`: the places of those who wait, which all windows share. `packages`: what work functions may
    require, CommonJS sources by name.
    """

    submit: Submit
    jobs: Jobs
    slices: SliceStore
    accounts: PaymentAccounts
    placing: Placing
    waiting: SliceWaiting
    streams: Streams
    clock: Clock
    settings: DcpSettings
    packages: Mapping[str, str] = field(default_factory=dict)
