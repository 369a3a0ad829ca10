"""Decide whether the caller of a signed request is who they say, and use their nonce up.

Source: contract sections 3, 4, 9. A present signature always decides, even a wrong one; only without
one is an AuthToken looked at. The nonce is consumed here, before any effect, in one atomic statement.
"""

from collections.abc import Callable, Sequence

from libs.signing.errors import MalformedAddress as NotAnAddress
from libs.signing.errors import SignatureMismatch
from libs.signing.keys import checksum
from libs.signing.personal import ContractCall, verify, verify_text
from services.provider.domain.callers import (
    CredentialMissing,
    MalformedAddress,
    SignatureRefused,
    TokenRefused,
)
from services.provider.domain.nonces import MalformedNonce, check_nonce
from services.provider.ports import AuthTokens, Chains, NonceLedger

Check = Callable[[str, str, str, ContractCall | None], None]


class Authenticate:
    def __init__(self, ledger: NonceLedger, tokens: AuthTokens, chains: Chains) -> None:
        self._ledger = ledger
        self._tokens = tokens
        self._chains = chains

    def caller(  # noqa: PLR0913 - keywords only: each names one thing a request carries
        self,
        *,
        address: str,
        messages: Sequence[str],
        nonce: str | None,
        signature: str | None,
        auth_token: str | None,
        scope: str,
        chain_id: int | None,
    ) -> str:
        """The checksummed address of the proven caller.

        `messages` are the texts any of which may have been signed, nonce included, as received.
        With a token the nonce is optional. Raises MalformedAddress, MalformedNonce, CredentialMissing,
        SignatureRefused, TokenRefused, AuthUnavailable, NonceTooLow, and ChainError while asking a
        smart account.
        """
        account = _checksummed(address)
        if nonce is not None:
            check_nonce(nonce)
        if signature:
            if nonce is None:
                raise MalformedNonce
            self._signed(account, messages, nonce, signature, chain_id)
        elif auth_token:
            self._check_token(account, auth_token, chain_id)
        else:
            raise CredentialMissing
        if nonce is not None:
            self._ledger.consume(scope, account, nonce)
        return account

    def signed_message(
        self, address: str, chain_id: int | None, messages: Sequence[str], signature: str, *, is_text: bool
    ) -> str:
        """Which of `messages` was signed by the account or smart account; uses up no nonce.

        `is_text`: the texts were signed as they stand, not their hashes (EIP-4361).
        Raises MalformedAddress, SignatureRefused, ChainError.
        """
        account = _checksummed(address)
        check = verify_text if is_text else verify
        signed = _first_signed(check, messages, signature, account, self._contract_call(chain_id))
        if signed is None:
            raise SignatureRefused(account, "")
        return signed

    def _signed(
        self, account: str, messages: Sequence[str], nonce: str, signature: str, chain_id: int | None
    ) -> None:
        call = self._contract_call(chain_id)
        if _first_signed(verify, messages, signature, account, call) is None:
            raise SignatureRefused(account, nonce)

    def _check_token(self, account: str, auth_token: str, chain_id: int | None) -> None:
        holder = self._tokens.holder(auth_token)
        if holder.address != account:
            raise TokenRefused
        if holder.chain_id is not None and holder.chain_id != chain_id:
            raise TokenRefused  # a smart account is an account on its own chain only

    def _contract_call(self, chain_id: int | None) -> ContractCall | None:
        if chain_id is None or chain_id not in self._chains.ids():
            return None
        return self._chains.get(chain_id).is_valid_contract_signature


def _first_signed(
    check: Check, messages: Sequence[str], signature: str, account: str, call: ContractCall | None
) -> str | None:
    for message in messages:
        try:
            check(message, signature, account, call)
        except SignatureMismatch:
            continue
        return message
    return None


def _checksummed(address: str) -> str:
    try:
        return checksum(address)
    except NotAnAddress as error:
        raise MalformedAddress("consumerAddress") from error
