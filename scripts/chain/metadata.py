"""Writing an asset's document and state to its NFT. Source: companion contract 2.5 and 3.3."""

import hashlib
import lzma
from collections.abc import Sequence
from typing import Any

from scripts.chain.assets import Encryptor, Provider, compact_json
from scripts.chain.wallet import Wallet

COMPRESSED = 1
ENCRYPTED = 2

Proof = tuple[str, int, bytes, bytes]  # validator, v, r, s


def encode_document(document: bytes, flags: int, encryptor: Encryptor, chain_id: int) -> tuple[bytes, bytes]:
    """What goes on chain: the data and the sha256 of the plain document. Compressed first, then encrypted."""
    data = document
    if flags & COMPRESSED:
        data = lzma.compress(data)
    if flags & ENCRYPTED:
        data = bytes.fromhex(encryptor.encrypt(data, chain_id).removeprefix("0x"))
    return data, hashlib.sha256(document).digest()


def set_metadata(
    wallet: Wallet,
    ddo: dict[str, Any],
    provider: Provider,
    *,
    flags: int = ENCRYPTED,
    state: int = 0,
    proofs: Sequence[Proof] = (),
) -> str:
    """Publish or update the document of `ddo["nftAddress"]`; the transaction hash."""
    data, document_hash = encode_document(compact_json(ddo), flags, provider.encryptor, wallet.chain_id)
    nft = wallet.contract("ERC721Template", ddo["nftAddress"])
    call = nft.functions.setMetaData(
        state, provider.url, provider.address, bytes([flags]), data, document_hash, list(proofs)
    )
    return wallet.send_hash(call)


def set_state(wallet: Wallet, nft: str, state: int) -> str:
    """0 active, 1 end of life, 2 deprecated, 3 revoked, 4 ordering disabled, 5 unlisted."""
    return wallet.send_hash(wallet.contract("ERC721Template", nft).functions.setMetaDataState(state))
