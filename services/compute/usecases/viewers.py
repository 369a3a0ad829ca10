"""Whose jobs a caller sees: their own, and those of the wallets that are linked to them."""

from dataclasses import dataclass

from libs.web.principal import WALLET, Principal


@dataclass(frozen=True, slots=True)
class Viewer:
    """`owners`: the subjects that the caller speaks for; None for an administrator, who sees all."""

    owners: frozenset[str] | None


def viewer_of(principal: Principal, *, everybody: bool = False) -> Viewer:
    """`everybody` is for routes that say so, and counts for administrators alone."""
    if everybody and principal.is_admin and principal.may("admin"):
        return Viewer(None)
    return Viewer(frozenset({principal.subject, *(WALLET + wallet for wallet in principal.wallets)}))
