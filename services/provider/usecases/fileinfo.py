"""Tell what can be seen of a file, or of all files of a service, without handing any of it out.

Open to anybody, so it says no more than whether, how large, what type and what name; never a URL. An
unreachable file is an answer. Source: contract 2.7.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from services.provider.domain.asset import Asset, AssetNotFound, Service
from services.provider.domain.file_types import ArgumentsMissing, Gateways, make_plan, parse_file
from services.provider.domain.files import RawFile
from services.provider.domain.origins import ContractCall, Plan
from services.provider.domain.userdata import (
    ParametersMissing,
    Userdata,
    parse_userdata,
    with_consumer_parameters,
)
from services.provider.ports import AssetSource
from services.provider.usecases.probe import UNREACHABLE, FileDetails, Probe
from services.provider.usecases.service_files import ServiceFiles


@dataclass(frozen=True, slots=True)
class FileInfo:
    index: int
    type: str
    details: FileDetails


class Fileinfo:
    def __init__(
        self,
        assets: AssetSource,
        files: ServiceFiles,
        probe: Probe,
        gateways: Gateways,
        *,
        caller_headers: bool = False,
    ) -> None:
        """`caller_headers`: also send the headers of file objects that anonymous callers describe. Off, this
        endpoint cannot be used to send credentials or forged headers anywhere."""
        self._assets = assets
        self._files = files
        self._probe = probe
        self._gateways = gateways
        self._caller_headers = caller_headers

    def of_asset(self, did: str, service_id: str, userdata: object, with_checksum: bool) -> list[FileInfo]:
        """One entry per file of the service, in its order.

        Raises AssetNotFound, MalformedAsset, CatalogueUnavailable, ServiceNotFound, FilesUnusable,
        FileObjectRefused, UserdataUnreadable.
        """
        given = parse_userdata(userdata)
        asset = self._assets.find(did)
        if asset is None:
            raise AssetNotFound(did)
        service = asset.service(service_id)
        entries = self._files.entries(asset, service)
        filled = _filled(given, service)
        types = [parse_file(entry).type for entry in entries]
        plans = [self._plan(entry, filled, asset) for entry in entries]
        seen = iter(self._probe.many([plan for plan in plans if plan], with_checksum=with_checksum))
        details = [next(seen) if plan else UNREACHABLE for plan in plans]
        return [FileInfo(index, types[index], found) for index, found in enumerate(details)]

    def of_file_object(self, raw: Mapping[str, Any], userdata: object, with_checksum: bool) -> list[FileInfo]:
        """The one file that an anonymous caller describes. Raises FileObjectRefused, UserdataUnreadable."""
        file = parse_file(raw)
        if not self._caller_headers:
            file = replace(file, headers={})
        plan = file.plan(parse_userdata(userdata), self._gateways)
        return [FileInfo(0, file.type, self._probe.one(plan, with_checksum=with_checksum))]

    def _plan(self, entry: RawFile, userdata: Userdata, asset: Asset) -> Plan | None:
        """None for a contract call whose arguments only a consumer can give: a file, but not to be seen
        now.
        """
        try:
            plan = make_plan(entry, userdata, self._gateways)
        except ArgumentsMissing:
            return None
        if isinstance(plan, ContractCall) and plan.chain_id is None:
            return replace(plan, chain_id=asset.chain_id)
        return plan


def _filled(userdata: Userdata, service: Service) -> Userdata:
    """With the publisher's defaults; what is required and missing does not hinder a look at the file."""
    try:
        return with_consumer_parameters(userdata, service.raw.get("consumerParameters"))
    except ParametersMissing:
        return userdata
