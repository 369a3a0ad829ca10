"""Random work on a tree of files, the same for the same seed; and what came of it in words that compare."""

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

from services.catalogue.domain.files.entries import Actor, File, NewAttributes, Replica, ReplicaType, Status
from services.catalogue.domain.files.errors import CatalogueError
from services.catalogue.file_ports import FileTree
from tests.fakes.file_facts import ALICE, BOB, LATER, NOW, agreed, new_file

OTHER = Actor(name="eve", group="user", groups=("user",), vo="other")
PATHS = (
    "/",
    *(f"/{vo}{rest}" for vo in ("vo", "other") for rest in ("", "/a", "/b", "/a/a", "/a/b", "/b/a/b")),
)


def random_work(tree: FileTree, seed: int) -> Callable[[], object]:
    pick = random.Random(seed)
    vo, actor = pick.choice([("vo", ALICE), ("vo", BOB), ("other", OTHER)])
    path = f"/{vo}/" + "/".join(pick.choice("ab") for _ in range(pick.randint(1, 3)))
    lfn = f"{path}/{pick.choice('xyz')}"
    new = [
        new_file(f"{path}/{name}", pick.randint(0, 3), replicas={f"SE{pick.randint(0, 2)}": "p"})
        for name in pick.sample("wxyz", 3)
    ]
    change = NewAttributes(mode=pick.randint(0, 0o777), owner=pick.choice(["a", "b"]))
    place = Replica(
        se=f"SE{pick.randint(0, 2)}",
        pfn=pick.choice("pq"),
        status=Status.GOOD,
        type=ReplicaType.REPLICA,
    )
    return pick.choice(
        [
            lambda: tree.add_files(new, actor, NOW),
            lambda: tree.add_files(new, actor, NOW),
            lambda: tree.make_directory(path, actor, 0o775, NOW),
            lambda: tree.remove_directories(path, recursive=bool(seed % 3), agree=agreed),
            lambda: tree.remove_files([each.lfn for each in new]),
            lambda: tree.set_replica(lfn, place, moves_from=None, must_be_new=bool(seed % 2), now=LATER),
            lambda: tree.set_replica(lfn, place, moves_from="SE0", must_be_new=False, now=LATER),
            lambda: tree.remove_replica(lfn, place.se, last_too=bool(seed % 2), now=LATER),
            lambda: tree.change_directory(path, change, LATER, recursive=True, agree=agreed),
            lambda: tree.add_ancestors(lfn, [f"{path}/w"]),
        ]
    )


def outcome(work: Callable[[], object]) -> object:
    """The name of the error that is raised; what is returned, without what each tree numbers by itself."""
    try:
        result = work()
    except CatalogueError as error:
        return type(error).__name__
    if isinstance(result, File):
        return _bare(result)
    if isinstance(result, Mapping):
        return {lfn: (type(each.error).__name__, each.is_new) for lfn, each in result.items()}
    return result if isinstance(result, bool | int) else None


def state(tree: FileTree) -> list[object]:
    """All that it tells of the paths that the work is on."""
    found: list[object] = []
    for path in (path for path, near in tree.nearest(PATHS).items() if near.is_itself):
        page = tree.listing(path, with_replicas=True, all_statuses=True, limit=100, start=None)
        here = page.directory
        told = here.attributes
        found.append((path, here.files, here.bytes, here.directories, told.owner, told.group, told.mode))
        found += [each.path for each in page.subdirectories]
        found += [_bare(each) for each in page.files]
        found.append(tree.usage(path))
        found += [(tree.ancestors(each.lfn, 99), tree.descendants(each.lfn, 99)) for each in page.files]
    return found


def _bare(file: File) -> File:
    return replace(file, id=0, guid="", attributes=replace(file.attributes, uid=0, gid=0))
