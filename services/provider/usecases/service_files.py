"""The files of a service: open the blob with the chain's key, see whose it is, plan how one is obtained.

Source: contract section 6. What is opened here is secret: it goes into plans and nowhere else.
"""

from dataclasses import replace

from libs.chain.cache import BoundedMap
from libs.signing import ecies
from libs.signing.errors import DecryptionFailed
from services.provider.domain.asset import Asset, Service
from services.provider.domain.file_types import Gateways, make_plan
from services.provider.domain.files import FilesUnusable, RawFile, parse_files, pick
from services.provider.domain.origins import ContractCall, Plan
from services.provider.domain.userdata import parse_userdata, with_consumer_parameters
from services.provider.ports import Keys

MAX_BLOB_HEX_CHARS = 2 * 1024 * 1024
_KEPT_SERVICES = 512
_KEPT_CHARS = 8 * 1024  # blobs longer than this are opened each time


class ServiceFiles:
    def __init__(self, keys: Keys, gateways: Gateways, *, allow_unbound: bool = False) -> None:
        """`allow_unbound`: also serve the bare lists of DDO version 4.0.0, which name no asset."""
        self._keys = keys
        self._gateways = gateways
        self._allow_unbound = allow_unbound
        self._opened: BoundedMap[tuple[str, str, str, str], tuple[RawFile, ...]] = BoundedMap(_KEPT_SERVICES)

    def entries(self, asset: Asset, service: Service) -> tuple[RawFile, ...]:
        """Raises FilesUnusable."""
        # Everything the answer depends on is in the key, so an entry can never be stale.
        key = (asset.did, asset.version, service.datatoken, service.files)
        known = self._opened.get(key)
        if known is not None:
            return known
        files = self._open(asset, service)
        if len(service.files) <= _KEPT_CHARS:
            self._opened.put(key, files)
        return files

    def plan(self, asset: Asset, service: Service, index: int, userdata: object) -> Plan:
        """How file `index` is obtained. `userdata` as sent: JSON text, an object, or None.

        Raises FilesUnusable, NoSuchFile, FileObjectRefused, UserdataUnreadable, ParametersMissing.
        """
        entry = pick(self.entries(asset, service), index)
        given = parse_userdata(userdata)
        filled = with_consumer_parameters(given, service.raw.get("consumerParameters"))
        plan = make_plan(entry, filled, self._gateways)
        if isinstance(plan, ContractCall) and plan.chain_id is None:
            return replace(plan, chain_id=asset.chain_id)
        return plan

    def _open(self, asset: Asset, service: Service) -> tuple[RawFile, ...]:
        if len(service.files) > MAX_BLOB_HEX_CHARS:
            raise FilesUnusable("the blob is too large")
        try:
            blob = bytes.fromhex(service.files.removeprefix("0x"))
            plaintext = ecies.decrypt(self._keys.for_chain(asset.chain_id), blob)
        except (ValueError, DecryptionFailed) as error:
            raise FilesUnusable("the blob is not encrypted for this provider") from error
        return parse_files(
            plaintext,
            datatoken=service.datatoken,
            nft_address=asset.nft_address,
            version=asset.version,
            allow_unbound=self._allow_unbound,
        )
