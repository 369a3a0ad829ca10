"""Who is next: owners in turn, whatever one of them has queued before the others."""

from collections.abc import Mapping, Sequence


def in_turn(queues: Mapping[str, Sequence[int]], places: int) -> list[tuple[str, int]]:
    """At most `places` pairs of owner and job. `queues` are each owner's jobs, first one first; the owners in
    the order of their turns: one job of each, then another one of each.
    """
    rounds = max((len(jobs) for jobs in queues.values()), default=0)
    picked: list[tuple[str, int]] = []
    for number in range(min(rounds, places)):
        picked.extend((owner, jobs[number]) for owner, jobs in queues.items() if number < len(jobs))
    return picked[: max(places, 0)]
