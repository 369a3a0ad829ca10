"""Quote what an order costs, signed with the chain's key, so that the datatoken contract accepts it.

Source: contract 8.3.
"""

from dataclasses import replace
from decimal import Decimal

from libs.signing.fees import FeeQuote, encode_provider_data, sign_fee
from libs.signing.keys import same_address
from services.provider.domain.asset import Service
from services.provider.domain.fees import (
    ZERO_ADDRESS,
    FeePolicy,
    ProviderFeeQuote,
    base_units,
    compute_price,
    seconds_bought,
)
from services.provider.domain.orders import PaidFee
from services.provider.ports import AccessChain, Clock, ComputeEnvironment, Keys

NEVER_ENDS = 0
OCEAN_TOKEN = "Ocean"  # noqa: S105 - a name in the address file


class Quotes:
    def __init__(self, keys: Keys, policy: FeePolicy, clock: Clock) -> None:
        self._keys = keys
        self._policy = policy
        self._clock = clock

    def access(self, chain: AccessChain, service: Service) -> ProviderFeeQuote:
        """What one order of `service` costs; it does not run out. Raises ChainError, FeeTooLarge."""
        token = self._token(chain)
        amount = self._base_units(chain, token, self._policy.amount(service.type))
        return self._signed(chain, service, None, (token, amount, NEVER_ENDS))

    def compute(
        self, chain: AccessChain, service: Service, environment: ComputeEnvironment, valid_until: int
    ) -> ProviderFeeQuote:
        """What `environment` costs until `valid_until`, on top of the service type's own fee."""
        token = self._compute_token(chain, environment)
        seconds = max(0, valid_until - int(self._clock.now()))
        whole = self._policy.amount(service.type) + compute_price(environment.price_per_minute, seconds)
        amount = self._base_units(chain, token, whole)
        return self._signed(chain, service, environment.id, (token, amount, valid_until))

    def is_free(self, chain: AccessChain, environment: ComputeEnvironment) -> bool:
        """Whether time in `environment` costs nothing on this chain."""
        return environment.price_per_minute == 0 or self._compute_token(chain, environment) == ZERO_ADDRESS

    def seconds_paid(
        self, chain: AccessChain, service: Service, environment: ComputeEnvironment, fee: PaidFee
    ) -> int:
        """How long `environment`, which is not free, runs for this fee; never longer than it was quoted for.

        0 for a fee in another token. Raises ChainError, FeeTooLarge.
        """
        token, event = self._compute_token(chain, environment), fee.event
        if not same_address(event.token, token) or fee.data.timestamp is None:
            return 0
        decimals = chain.decimals(token)
        of_service = base_units(self._policy.amount(service.type), decimals)
        bought = seconds_bought(event.amount - of_service, environment.price_per_minute, decimals)
        return max(0, min(bought, event.valid_until - int(fee.data.timestamp)))

    def compute_beside(
        self, chain: AccessChain, service: Service, environment: ComputeEnvironment, valid_until: int
    ) -> ProviderFeeQuote:
        """The terms of a service whose neighbour in the same job pays for the time."""
        return self.compute(chain, service, replace(environment, price_per_minute=Decimal(0)), valid_until)

    def fee_token(self, chain: AccessChain) -> str:
        """Of whatever names none of its own; the zero address when the chain has none."""
        return self._token(chain)

    def _compute_token(self, chain: AccessChain, environment: ComputeEnvironment) -> str:
        return environment.fee_token or self._token(chain)

    def _token(self, chain: AccessChain) -> str:
        return self._policy.token(chain.chain_id, chain.address_of(OCEAN_TOKEN))

    def _base_units(self, chain: AccessChain, token: str, whole: Decimal) -> int:
        if token == ZERO_ADDRESS or whole == 0:
            return 0
        return base_units(whole, chain.decimals(token))

    def _signed(
        self, chain: AccessChain, service: Service, environment: str | None, terms: tuple[str, int, int]
    ) -> ProviderFeeQuote:
        token, amount, valid_until = terms
        key = self._keys.for_chain(chain.chain_id)
        data = encode_provider_data(environment, self._clock.now(), service.datatoken, service.id)
        signed = sign_fee(FeeQuote(data, key.address, token, amount, valid_until), key)
        return ProviderFeeQuote(
            address=key.address,
            token=token,
            amount=amount,
            provider_data=data,
            v=signed.v,
            r=signed.r,
            s=signed.s,
            valid_until=valid_until,
        )
