"""Who acts: what every credential of every window resolves to, as it travels between our services."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LISTS = ("wallets", "groups", "properties", "virtual_clusters")
ALL_CLUSTERS = "*"
PERSON, WALLET, CLIENT = "person:", "eip155:", "client:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """`subject` owns things: `person:<32 hex>`, `eip155:<checksum address>` of a wallet of nobody's, or
    `client:<client_id>` for a client that acts for itself. Times in UTC seconds.
    """

    subject: str
    name: str  # username, or what stands for it
    display_name: str
    wallets: tuple[str, ...] = ()  # EIP-55 checksum addresses
    groups: tuple[str, ...] = ()  # of the person, sorted
    scopes: frozenset[str] = frozenset()  # what this credential may do
    is_admin: bool = False  # of the person; counts only with scope `admin`
    credential: str  # token, auth_token, reference, api_key, keystore, certificate, password, session
    client_id: str | None = None
    group: str | None = None  # the one group this credential was made for (DIRAC)
    vo: str | None = None
    setup: str | None = None
    properties: tuple[str, ...] = ()  # of `group`
    virtual_clusters: tuple[str, ...] = ()  # of OpenPAI's window, that the person may use; sorted; or `*`
    expires_at: int | None = None  # when the credential ends by itself

    def may(self, *scopes: str) -> bool:
        return self.scopes.issuperset(scopes)

    def as_json(self) -> dict[str, Any]:
        document = {name: getattr(self, name) for name in self.__slots__}
        return {
            name: sorted(value) if isinstance(value, frozenset) else value for name, value in document.items()
        }


def principal_of(document: Mapping[str, Any]) -> Principal:
    """The inverse of `as_json`. Raises KeyError, TypeError: the document comes from auth itself."""
    lists = {name: tuple(document.get(name, ())) for name in _LISTS}
    known = {name: document[name] for name in Principal.__slots__ if name in document}
    return Principal(**{**known, **lists, "scopes": frozenset(document.get("scopes", ()))})
