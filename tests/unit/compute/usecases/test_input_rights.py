"""Which stored objects a job may use: those of its owner and of the owner's groups, and no others."""

from dataclasses import replace
from pathlib import Path

import pytest

from services.compute.domain.environments import EnvironmentBook
from services.compute.domain.errors import BadSpec
from services.compute.domain.job import NewJob, Wish
from services.compute.domain.objects import Address, Holder, Scope, StoredObject
from services.compute.domain.reasons import Reason
from services.compute.domain.spec import Input, Source
from services.compute.ports.engines import Abilities
from services.compute.usecases.input_rights import NO_OBJECT
from services.compute.usecases.repeat import Repeat
from services.compute.usecases.submit import Submit
from services.compute.usecases.viewers import Viewer
from tests.fakes.compute_site import ENVIRONMENT, OWNER, SPEC, UNLIMITED, Site


@pytest.fixture
def site(tmp_path: Path) -> Site:
    site = Site(tmp_path)
    for scope in (Scope(Holder.OWNER, OWNER), Scope(Holder.OWNER, "person:2"), Scope(Holder.GROUP, "lab")):
        stored = StoredObject(address=Address(scope, "x"), blob="b", size=1, sha256="0" * 64, modified_at=0)
        site.objects.put(stored, OWNER)
    return site


def submit(site: Site, with_objects: bool = True) -> Submit:
    book = EnvironmentBook([ENVIRONMENT])
    objects = site.objects if with_objects else None
    return Submit(site.store, book, {"process": Abilities(pins_images=True)}, UNLIMITED, site.clock, objects)


def wanting(value: str, groups: tuple[str, ...] = ()) -> NewJob:
    given = Input(source=Source.OBJECT, path="/work/x", value=value)
    return NewJob(owner=OWNER, dialect="native", spec=replace(SPEC, inputs=(given,)), groups=groups)


@pytest.mark.parametrize(
    ("value", "groups", "may"),
    [
        ("owner:person%3A1/x", (), True),
        ("owner:person%3A1/y", (), False),
        ("owner:person%3A2/x", (), False),
        ("owner:person%3A2/x", ("person:2",), False),
        ("group:lab/x", ("lab",), True),
        ("group:lab/x", (), False),
        ("group:lab/x", ("la", "labs", "LAB", ""), False),
        ("group:la/x", ("lab",), False),
    ],
)
def test_who_may_use_what(site: Site, value: str, groups: tuple[str, ...], may: bool) -> None:
    if may:
        assert not submit(site)(wanting(value, groups)).replayed
        return
    with pytest.raises(BadSpec) as refused:
        submit(site)(wanting(value, groups))
    assert refused.value.problems == [("/inputs/0/value", NO_OBJECT)]


def test_a_service_without_stored_objects(site: Site) -> None:
    with pytest.raises(BadSpec):
        submit(site, with_objects=False)(wanting("owner:person%3A1/x"))


def test_who_left_a_group_repeats_nothing_of_it(site: Site) -> None:
    submitting = submit(site)
    job = submitting(wanting("group:lab/x", ("lab",))).job
    stopped = Reason("cancelled", "It was stopped on request.")
    site.store.wish(job.uid, Wish.CANCEL, OWNER, stopped, site.clock.now())
    repeat = Repeat(site.store, submitting, UNLIMITED, site.clock)
    viewer = Viewer(frozenset({OWNER}))
    with pytest.raises(BadSpec):
        repeat.retry(job.uid, viewer, (), OWNER, None)
    with pytest.raises(BadSpec):
        repeat.clone(job.uid, viewer, (), None)
    assert repeat.retry(job.uid, viewer, ("lab",), OWNER, None).job.id != job.id
