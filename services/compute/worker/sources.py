"""Opens what inputs are: inline, by grants of the provider, sandboxes, stored objects, outputs of other jobs,
files of the file catalogue, URLs of their owner's, and what is in the site's storage.
"""

import base64
from collections.abc import Iterator
from typing import Final

from services.compute.domain import layout
from services.compute.domain.archives.members import Kind, Member
from services.compute.domain.errors import OutputNotFound
from services.compute.domain.job import Job
from services.compute.domain.lfns import KEPT, WEB, LogicalFile, actor_of, address_in
from services.compute.domain.objects import Address, read_address
from services.compute.domain.site_paths import may_use
from services.compute.domain.spec import Input, Source
from services.compute.ports.site_storage import SitePathUnusable
from services.compute.worker.digests import checked
from services.compute.worker.tools import Tools

_CHUNK: Final = 256 * 1024


class Sources:
    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._by_source = {
            Source.INLINE: _inline,
            Source.GRANT: self._grant,
            Source.SANDBOX: self._sandbox,
            Source.OUTPUT: self._output,
            Source.OBJECT: self._object,
            Source.URL: self._url,
            Source.LFN: self._lfn,
        }

    def open(self, job: Job, given: Input) -> Iterator[bytes]:
        """Its bytes in pieces, which raise the same. Raises OutputNotFound, JobNotFound, GrantRefused,
        InputUnavailable, ProviderUnavailable, CatalogueUnavailable, FilesUnavailable, StoreUnavailable,
        OutsideRefused, OutsideUnavailable, Mismatch.
        """
        return self._by_source[given.source](job, given)

    def tree(self, given: Input) -> Iterator[Member]:
        """What is at a path of the site's storage, as members below it: a file alone has no parts. Whose it
        may be read as is asked anew. Raises SitePathMissing, SitePathUnusable, FilesUnavailable.
        """
        if not may_use(given.value, given.group):
            raise SitePathUnusable("it is another user's")
        site = self._tools.site
        for entry in site.entries(given.value):
            if entry.is_folder:
                yield Member(entry.parts, Kind.FOLDER)
                continue
            content = site.open("/".join((given.value, *entry.parts)))
            yield Member(entry.parts, Kind.FILE, content, executable=entry.executable)

    def _grant(self, job: Job, given: Input) -> Iterator[bytes]:
        return self._tools.provider.open(job.uid, given.value)

    def _sandbox(self, job: Job, given: Input) -> Iterator[bytes]:
        return self._tools.files.open(layout.stored_sandbox(job.owner, given.value))

    def _output(self, job: Job, given: Input) -> Iterator[bytes]:
        uid, _, path = given.value.partition("/")
        other = self._tools.store.find(uid, {job.owner})
        return self._tools.files.open(layout.stored_output(other.uid, path))

    def _object(self, job: Job, given: Input) -> Iterator[bytes]:
        """Who may use it was asked when the job was submitted; it names its holder, which no parameter of a
        sweep can change.
        """
        try:
            address = read_address(given.value)
        except ValueError:
            raise OutputNotFound(given.value[:200]) from None
        if address.scope == KEPT:
            raise OutputNotFound(given.value[:200])  # the catalogue's: only as LFNs
        return self._stored(address)

    def _lfn(self, job: Job, given: Input) -> Iterator[bytes]:
        """Asked anew as whom it was submitted: a right may have been withdrawn since. Our own replica first,
        then those on the web, past the guard.
        """
        sheet = self._tools.sheets.sheets([job.id]).get(job.id)
        if sheet is None:
            raise OutputNotFound(given.value[:200])
        actor = actor_of(sheet)
        file = self._tools.catalogue.locate([given.value], actor).get(given.value)
        if file is None:
            raise OutputNotFound(given.value[:200])
        return checked(self._replica(file), file)

    def _replica(self, file: LogicalFile) -> Iterator[bytes]:
        for replica in file.replicas:
            if replica.is_own:
                return self._stored(address_in(replica.pfn))
        for replica in file.replicas:
            if replica.pfn.startswith(WEB):
                return self._tools.outside.open(replica.pfn)
        raise OutputNotFound(file.lfn[:200])

    def _stored(self, address: Address) -> Iterator[bytes]:
        stored = self._tools.objects.find(address)
        try:
            return self._tools.files.open(layout.stored_object(stored.blob))
        except OutputNotFound:
            newer = self._tools.objects.find(address)  # it may have been replaced just now
            return self._tools.files.open(layout.stored_object(newer.blob))

    def _url(self, job: Job, given: Input) -> Iterator[bytes]:
        return self._tools.outside.open(given.value)


def _inline(job: Job, given: Input) -> Iterator[bytes]:
    return _pieces(base64.b64decode(given.value) if given.encoded else given.value.encode())


def _pieces(content: bytes) -> Iterator[bytes]:
    return iter([content[at : at + _CHUNK] for at in range(0, len(content), _CHUNK)])
