"""The tree of files in memory: what changes it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from services.catalogue.domain.files.entries import (
    DEFAULT_MODE,
    Actor,
    Directory,
    File,
    NewFile,
    Replica,
    ReplicaType,
    Status,
)
from services.catalogue.domain.files.errors import (
    CatalogueError,
    Conflict,
    NotEmpty,
    NotPermitted,
    NotThere,
    TooMuch,
)
from services.catalogue.domain.files.lfn import ROOT, above, is_below, parent_of
from services.catalogue.domain.files.registering import difference, new_guid
from services.catalogue.file_ports import MAX_SHARES, Agree, NewAttributes, Outcome
from tests.fakes.filecatalogue_reading import Entry, MemoryReading, alone


class MemoryTree(MemoryReading):
    """The port FileTree."""

    @alone
    def make_directory(self, path: str, maker: Actor, mode: int, now: float) -> bool:
        if (obstacle := self._obstacle(path)) is not None:
            raise Conflict(f"{obstacle} is a file")
        is_new = path not in self._directories
        self._make(path, maker, now)
        if is_new:
            entry = self._directories[path]
            entry.attributes = replace(entry.attributes, mode=mode)
        return is_new

    @alone
    def remove_directories(self, path: str, *, recursive: bool, agree: Agree) -> int:
        if path == ROOT:
            raise NotPermitted("The root stays.")
        top = self.directory(path)
        if not agree(top.attributes):
            raise NotPermitted("not yours")
        if not recursive and top.files + top.directories:
            raise NotEmpty(f"{path} is not empty")
        gone = [other for other in self._directories if is_below(other, path)]
        if not all(agree(self._directories[other].attributes) for other in gone):
            raise NotPermitted("not yours")
        for other in gone:
            del self._directories[other]
        for lfn in [lfn for lfn in self._files if is_below(lfn, path)]:
            self._forget(lfn)
        return len(gone)

    @alone
    def change_directory(
        self, path: str, change: NewAttributes, now: float, *, recursive: bool, agree: Agree
    ) -> Directory:
        self.directory(path)
        changed = [self._directories[path]]
        if recursive:
            both = [*self._directories.items(), *self._files.items()]
            changed = [entry for other, entry in both if is_below(other, path)]
        if not all(agree(entry.attributes) for entry in changed):
            raise NotPermitted("not yours")
        for entry in changed:
            self._change(entry, change, now)
        return self.directory(path)

    @alone
    def add_files(self, new: Sequence[NewFile], maker: Actor, now: float) -> Mapping[str, Outcome]:
        outcomes: dict[str, Outcome] = {}
        waiting = {each.lfn: each for each in new}
        parents = {way for lfn in waiting if lfn not in self._files for way in above(lfn)}
        for lfn in [lfn for lfn in waiting if lfn in parents and lfn not in self._files]:
            outcomes[lfn] = Outcome(Conflict(f"{lfn} is a directory"))
            del waiting[lfn]
        while waiting:
            ready = [each for each in waiting.values() if not set(each.ancestors) & set(waiting)]
            if not ready:
                circle = Conflict("It would be an ancestor of itself.")
                return {**outcomes, **{lfn: Outcome(circle) for lfn in waiting}}
            for each in ready:
                outcomes[each.lfn] = self._add(each, maker, now)
            for each in ready:
                del waiting[each.lfn]
        return outcomes

    @alone
    def remove_files(self, lfns: Sequence[str]) -> Mapping[str, Outcome]:
        outcomes = {}
        for lfn in lfns:
            missing = None if lfn in self._files else NotThere(f"There is no file {lfn}")
            outcomes[lfn] = Outcome(missing)
        for lfn in set(lfns) & set(self._files):
            self._forget(lfn)
        return outcomes

    @alone
    def change_file(self, lfn: str, change: NewAttributes, now: float) -> File:
        self._file(lfn, False)
        self._change(self._files[lfn], change, now)
        return self._file(lfn, False)

    @alone
    def set_replica(
        self, lfn: str, replica: Replica, *, moves_from: str | None, must_be_new: bool, now: float
    ) -> File:
        file = self._file(lfn, True)
        known = {each.se: each for each in file.replicas}
        source = replica.se if moves_from is None else moves_from
        if moves_from is not None and source not in known:
            raise NotThere(f"There is no replica at {source}")
        old = known.get(replica.se)
        is_same = old is not None and (old.pfn, old.status) == (replica.pfn, replica.status)
        if is_same and source == replica.se:
            return file
        if old is not None and (must_be_new or source != replica.se):
            raise Conflict(f"There is another replica at {replica.se}")
        place = known.pop(source, None)
        kind = place.type if place is not None else ReplicaType.REPLICA if known else ReplicaType.MASTER
        self._elements.add(replica.se)
        self._keep(lfn, [*known.values(), replace(replica, type=kind)], now)
        return self._file(lfn, True)

    @alone
    def remove_replica(self, lfn: str, se: str, *, last_too: bool, now: float) -> None:
        known = {each.se: each for each in self._file(lfn, True).replicas}
        if se not in known:
            raise NotThere(f"There is no replica at {se}")
        if len(known) == 1 and not last_too:
            raise Conflict("It is the last one.")
        gone = known.pop(se)
        if gone.type is ReplicaType.MASTER and known:
            first = min(known)
            known[first] = replace(known[first], type=ReplicaType.MASTER)
        self._keep(lfn, known.values(), now)

    @alone
    def add_ancestors(self, lfn: str, ancestors: Sequence[str]) -> None:
        for path in (lfn, *ancestors):
            self._file(path, False)
        if any(lfn == each or lfn in self._origins.get(each, {}) for each in ancestors):
            raise Conflict("It would be an ancestor of itself.")
        below = {lfn: 0, **self.descendants(lfn, 10**9)}
        for ancestor in ancestors:
            for origin, depth in {ancestor: 0, **self._origins.get(ancestor, {})}.items():
                for each, steps in below.items():
                    known = self._origins.setdefault(each, {})
                    known[origin] = min(known.get(origin, 10**9), steps + depth + 1)

    @alone
    def share(self, lfn: str, token_hash: str, by: str, now: float) -> None:
        self._file(lfn, False)
        if sum(other == lfn for other in self._shares.values()) >= MAX_SHARES:
            raise TooMuch("shares")
        self._shares[token_hash] = lfn

    @alone
    def end_shares(self, lfn: str) -> int:
        self._file(lfn, False)
        gone = [token for token, other in self._shares.items() if other == lfn]
        for token in gone:
            del self._shares[token]
        return len(gone)

    def _make(self, path: str, maker: Actor, now: float) -> None:
        for way in (*above(path), path):
            if way not in self._directories:
                self._directories[way] = Entry(self._next(), self._attributes(maker, DEFAULT_MODE, now))

    def _add(self, new: NewFile, maker: Actor, now: float) -> Outcome:
        try:
            return Outcome(is_new=self._register(new, maker, now))
        except CatalogueError as error:
            return Outcome(error)

    def _register(self, new: NewFile, maker: Actor, now: float) -> bool:
        if new.lfn in self._files:
            if (odd := difference(new, self._file(new.lfn, True))) is not None:
                raise Conflict(f"{new.lfn} is registered with {odd}")
            return False
        if new.lfn in self._directories or self._obstacle(parent_of(new.lfn)) is not None:
            raise Conflict("In the way")
        if new.lfn in new.ancestors:
            raise Conflict("It would be an ancestor of itself.")
        for ancestor in new.ancestors:
            self._file(ancestor, False)
        self._make(parent_of(new.lfn), maker, now)
        attributes = self._attributes(maker, new.mode, now, new.status)
        file = File(
            id=self._next(),
            lfn=new.lfn,
            size=new.size,
            checksum=new.checksum,
            checksum_type=new.checksum_type,
            guid=new.guid or new_guid(),
            type=new.type,
            attributes=attributes,
        )
        self._files[new.lfn] = Entry(file.id, attributes, file)
        self._elements |= set(new.replicas)
        kinds = [ReplicaType.MASTER] + [ReplicaType.REPLICA] * len(new.replicas)
        places = zip(new.replicas.items(), kinds, strict=False)
        self._keep(
            new.lfn,
            [Replica(se=se, pfn=pfn, status=Status.GOOD, type=kind) for (se, pfn), kind in places],
            now,
        )
        if new.ancestors:
            self.add_ancestors(new.lfn, new.ancestors)
        return True

    def _keep(self, lfn: str, replicas: Iterable[Replica], now: float) -> None:
        entry = self._files[lfn]
        assert entry.file is not None
        known = sorted(replicas, key=lambda each: (each.type is not ReplicaType.MASTER, each.se))
        entry.file = replace(entry.file, replicas=tuple(known))
        entry.attributes = replace(entry.attributes, modified_at=now)

    def _change(self, entry: Entry, change: NewAttributes, now: float) -> None:
        old = entry.attributes
        owner, group = change.owner or old.owner, change.group or old.group
        entry.attributes = replace(
            old,
            mode=old.mode if change.mode is None else change.mode,
            status=change.status or old.status,
            owner=owner,
            uid=self._number("owner", owner),
            group=group,
            gid=self._number("group", group),
            modified_at=now,
        )

    def _forget(self, lfn: str) -> None:
        del self._files[lfn]
        self._origins.pop(lfn, None)
        for origins in self._origins.values():
            origins.pop(lfn, None)
        self._shares = {token: other for token, other in self._shares.items() if other != lfn}
