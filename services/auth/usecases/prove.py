"""The proof that stands before every token request: signature, then nonce, in this order."""

from collections.abc import Sequence

from libs.signing.keys import checksum
from services.auth.domain import wallets
from services.auth.domain.wallets import Proof, SignatureRefused, SignedRequest
from services.auth.ports import Clock
from services.auth.ports.wallets import ContractWallets, NonceLedger, SpentMessages


class Prove:
    def __init__(
        self, ledger: NonceLedger, contracts: ContractWallets, spent: SpentMessages, clock: Clock
    ) -> None:
        self._ledger = ledger
        self._contracts = contracts
        self._spent = spent
        self._clock = clock

    def __call__(self, request: SignedRequest, expiration: str | None = None) -> Proof:
        """The signature holds, and its nonce is used up when this returns.

        With an `expiration` the text that binds it is accepted too.
        Raises SignatureRefused, NonceTooLow, LedgerUnavailable, UnsupportedChain, StoreUnavailable,
        MalformedNonce, and MalformedAddress of the signing library.
        """
        wallets.check_nonce(request.nonce)
        address = checksum(request.address)
        plain = wallets.plain_message(request)
        messages = [plain] if expiration is None else [plain, wallets.bound_message(request, expiration)]
        proof = self._proof(request, messages)
        if proof.message == plain:
            self._refuse_second_reading(request, plain)
            self._ledger.consume(address, request.nonce)
        else:
            self._ledger.consume(address, request.nonce)
            self._spend(request, proof.message)
        return proof

    def _proof(self, request: SignedRequest, messages: Sequence[str]) -> Proof:
        signed = wallets.signed_by_account(request, messages)
        if signed is not None:
            return Proof(signed)
        proof = self._contracts.prove(request, messages)
        if proof is None:
            raise SignatureRefused(request.address, request.nonce)
        return proof

    def _spend(self, request: SignedRequest, message: str) -> None:
        """A text that bound a lifetime once is never read as another nonce or lifetime.

        The nonce alone does not stop that: read differently, the text holds a higher one.
        """
        if not self._spent.spend(wallets.fingerprint(message), self._clock.now()):
            raise SignatureRefused(request.address, request.nonce)

    def _refuse_second_reading(self, request: SignedRequest, message: str) -> None:
        """Before the nonce is used up: a replayed text must not lift the user's counter either."""
        if wallets.may_hide_an_expiration(request.nonce) and self._spent.is_spent(
            wallets.fingerprint(message)
        ):
            raise SignatureRefused(request.address, request.nonce)
