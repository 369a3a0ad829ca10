"""`POST /api/services/decrypt`: an asset document in clear, as it was published (contract 2.3)."""

import re
from typing import TYPE_CHECKING, Final

from flask import Blueprint, Response

from libs.web.gate import signed
from libs.web.ocean_form import (
    Form,
    auth_token,
    is_address,
    is_integer,
    is_nonce,
    read,
)
from libs.web.params import Limits, NumberText, Params
from services.provider.dialects.ocean.plain import TEXT, Answer, Way, has_token, json_params, outcome, whole
from services.provider.domain.documents import UnusableArguments
from services.provider.usecases.decrypt import Decrypt, DecryptRequest, PublishedBytes

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH: Final = "/api/services/decrypt"
_FLAGS = re.compile(r"\A[0-9]{1,3}\Z")
_SHA256_BYTES = 32
# A document sent along comes as hex; what stands on a chain never comes near this.
DOCUMENT_LIMITS = Limits(body=8 * 1024 * 1024)


def add(room: Blueprint, decrypt: Decrypt) -> None:
    @room.post(PATH)
    @signed
    def decrypt_document() -> Response:
        found = outcome(lambda: decrypt.document(_asked_for(read(DOCUMENT_LIMITS), auth_token())))
        return _answer(found).response()


def way(decrypt: Decrypt) -> Way[DecryptRequest, bytes]:
    return Way("POST", _plain, decrypt.document, _answer)


def _answer(document: bytes) -> Answer:
    return whole(document, TEXT, 201)


def _plain(environ: "WSGIEnvironment") -> DecryptRequest | None:
    params = None if has_token(environ) else json_params(environ)
    return None if params is None else _asked_for(params, None)


def _asked_for(params: Params, token: str | None) -> DecryptRequest:
    """Raises FieldErrors."""
    form = Form(params)
    address = form.need("decrypterAddress", is_address)
    chain_id = form.need("chainId", is_integer)
    nft_address = form.need("dataNftAddress", is_address)
    signature = form.take("signature")
    # With a token the nonce is optional (contract 9).
    optional = token is not None and signature is None
    nonce = form.take("nonce", is_nonce) if optional else form.need("nonce", is_nonce)
    transaction_id = form.take("transactionId")
    if not form.params.has("transactionId"):
        for field in ("encryptedDocument", "flags", "documentHash"):
            if not form.params.has(field):
                form.refuse(field, f"The {field} field is required when transactionId is not present.")
    form.done()
    return DecryptRequest(
        decrypter_address=address,
        chain_id=chain_id,
        nft_address=nft_address,
        transaction_id=transaction_id,
        published=None if transaction_id else _published(form),
        nonce=nonce,
        signature=signature,
        auth_token=token,
    )


def _published(form: Form) -> PublishedBytes | None:
    """None for arguments that are not bytes: told to the proven caller only, after the signature."""
    flags = form.params.value("flags")
    if not isinstance(flags, NumberText) or not _FLAGS.match(flags) or int(flags) > 255:
        return None
    try:
        data, digest = _unhex(form, "encryptedDocument"), _unhex(form, "documentHash")
    except UnusableArguments:
        return None
    return PublishedBytes(data, int(flags), digest) if len(digest) == _SHA256_BYTES else None


def _unhex(form: Form, field: str) -> bytes:
    value = form.params.value(field)
    if not isinstance(value, str) or isinstance(value, NumberText):
        raise UnusableArguments
    try:
        return bytes.fromhex(value[2:] if value[:2] in ("0x", "0X") else value)
    except ValueError as error:
        raise UnusableArguments from error
