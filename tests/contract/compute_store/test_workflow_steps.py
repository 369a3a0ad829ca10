"""Jobs of one step of a workflow."""

from services.compute.ports.store import Filter
from tests.fakes.compute_flows import FREE, Flows, new_workflow, step, swept
from tests.fakes.compute_jobs import ALICE, NOW


def test_listings_of_one_step(store: Flows) -> None:
    first, other = (
        store.submit_workflow(new_workflow(swept("a", 3), step("b")), FREE, NOW).workflow for _ in range(2)
    )

    def found(**wanted: int) -> list[tuple[int, str, int | None]]:
        page = store.page(Filter(owners={ALICE}, **wanted), 10)  # type: ignore[arg-type]
        places = [job.workflow for job in page.jobs if job.workflow is not None]
        return [(place.id, place.step, place.instance) for place in places]

    assert found(workflow=first.id, step=0) == [(first.id, "a", number) for number in (2, 1, 0)]
    assert found(workflow=other.id, step=1) == [(other.id, "b", None)]
    assert found(workflow=first.id, step=2) == []
    assert store.count(Filter(owners={ALICE}, workflow=first.id, step=0)) == 3
