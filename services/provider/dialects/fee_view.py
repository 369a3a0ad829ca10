"""A provider fee as clients hand it to the datatoken contract."""

from services.provider.domain.fees import ProviderFeeQuote


def fee_view(fee: ProviderFeeQuote) -> dict[str, object]:
    """The amount is a text, because JavaScript has no such integers."""
    return {
        "providerFeeAddress": fee.address,
        "providerFeeToken": fee.token,
        "providerFeeAmount": str(fee.amount),
        "providerData": "0x" + fee.provider_data.hex(),
        "v": fee.v,
        "r": "0x" + fee.r.hex(),
        "s": "0x" + fee.s.hex(),
        "validUntil": fee.valid_until,
    }
