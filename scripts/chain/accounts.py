"""The development accounts a mnemonic stands for: the ones anvil funds at genesis."""

from dataclasses import dataclass, field
from functools import lru_cache

from eth_account import Account

MNEMONIC = "taxi music thumb unique chat sand crew more leg another off lamp"


@dataclass(frozen=True, slots=True)
class DevAccount:
    address: str
    key: str = field(repr=False)  # 0x hex


@lru_cache(maxsize=8)
def development_accounts(mnemonic: str = MNEMONIC, count: int = 10) -> tuple[DevAccount, ...]:
    """The first `count` accounts of the usual derivation path; a development mnemonic is no secret."""
    Account.enable_unaudited_hdwallet_features()
    accounts = (
        Account.from_mnemonic(mnemonic, account_path=f"m/44'/60'/0'/0/{index}") for index in range(count)
    )
    return tuple(DevAccount(account.address, "0x" + bytes(account.key).hex()) for account in accounts)
