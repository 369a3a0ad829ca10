"""Jobs with what is known of their slices, of this window and of others alike."""

from collections.abc import Iterator, Mapping, Sequence

from services.compute.dialects.dcp import instances
from services.compute.dialects.dcp.parts import DcpParts
from services.compute.domain.job import Job
from services.compute.domain.slices import PAGE_CHARS, SliceCounts, SliceResult, Span

PAGE = 1000


def counts_of(parts: DcpParts, job: Job) -> SliceCounts:
    return all_counts(parts, [job])[job.id]


def all_counts(parts: DcpParts, jobs: Sequence[Job]) -> Mapping[int, SliceCounts]:
    """By job id."""
    sliced = parts.slices.counts([job.id for job in jobs if is_sliced(job)])
    return {
        job.id: sliced.get(job.id, SliceCounts(is_closed=True))
        if is_sliced(job)
        else instances.counts_of(job, parts.jobs.runs_of(job))
        for job in jobs
    }


def is_sliced(job: Job) -> bool:
    return job.spec.slices is not None


def results(
    parts: DcpParts, job: Job, spans: Sequence[Span], after: int, most: int = PAGE
) -> Iterator[SliceResult]:
    """Those that are over, rising; asked for in pages."""
    if not is_sliced(job):
        yield from instances.results_of(job, parts.jobs.runs_of(job), spans, after)
        return
    while True:
        page = parts.slices.results(job.id, spans, after, most)
        yield from page
        if len(page) < most and sum(len(result.body) for result in page) < PAGE_CHARS:
            return
        after = page[-1].number


def unfinished(parts: DcpParts, job: Job, spans: Sequence[Span]) -> int:
    if is_sliced(job):
        return parts.slices.unfinished(job.id, spans)
    return instances.unfinished(job, parts.jobs.runs_of(job), spans)
