"""Have a permitted file carried to the caller: by the gateway when it offers to, else by this process."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.provider.domain.file_names import attachment
from services.provider.domain.origins import ContractCall, OriginRequest, Plan
from services.provider.ports import ContractReader, Relay, RelayReply, Tickets


@dataclass(frozen=True, slots=True)
class Ticketed:
    """The gateway takes this sealed plan to the egress process and carries the bytes itself."""

    ticket: str


Delivery = RelayReply | Ticketed


class Handover:
    def __init__(self, relay: Relay, contracts: ContractReader, tickets: Tickets | None = None) -> None:
        self._relay = relay
        self._contracts = contracts
        self._tickets = tickets

    def deliver(self, plan: Plan, method: str, headers: Mapping[str, str], by_gateway: bool) -> Delivery:
        """`headers` of the caller's request. Raises what Relay.open and ContractReader.read raise."""
        if isinstance(plan, ContractCall):
            return self._contract_answer(plan, method)
        if by_gateway:
            ticket = self._ticket(plan)
            if ticket is not None:
                return ticket
        return self._relay.open(plan, headers, method)

    def _ticket(self, plan: OriginRequest) -> Ticketed | None:
        sealed = self._tickets.seal(plan) if self._tickets is not None else None
        return None if sealed is None else Ticketed(sealed)

    def _contract_answer(self, call: ContractCall, method: str) -> RelayReply:
        body = self._contracts.read(call)
        name = call.abi.get("name")
        headers = [
            ("Content-Type", "application/json"),
            ("Content-Disposition", attachment(f"{name}.json")),
            ("Content-Length", str(len(body))),
        ]
        return RelayReply(200, headers, _body(body, method), _nothing)


def _body(content: bytes, method: str) -> Iterator[bytes]:
    return iter(()) if method == "HEAD" else iter((content,))


def _nothing() -> None:
    return None
