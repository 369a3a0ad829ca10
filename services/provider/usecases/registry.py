"""Everything a room may ask of the provider, in one value that wiring builds and rooms receive."""

from collections.abc import Mapping
from dataclasses import dataclass

from services.provider.usecases.authenticate import Authenticate
from services.provider.usecases.compute_quote import FeeTokens, QuoteCompute
from services.provider.usecases.compute_start import AuthorizeStart
from services.provider.usecases.decrypt import Decrypt
from services.provider.usecases.download import Download
from services.provider.usecases.encrypt import Encrypt
from services.provider.usecases.fileinfo import Fileinfo
from services.provider.usecases.grants import Grants
from services.provider.usecases.initialize import Initialize
from services.provider.usecases.nonces import Nonces


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    addresses: Mapping[int, str]  # chain id -> the provider's address there, first chain first
    nonces: Nonces
    authenticate: Authenticate
    encrypt: Encrypt
    decrypt: Decrypt
    fileinfo: Fileinfo
    initialize: Initialize
    download: Download
    authorize_start: AuthorizeStart
    quote_compute: QuoteCompute
    grants: Grants
    fee_tokens: FeeTokens
