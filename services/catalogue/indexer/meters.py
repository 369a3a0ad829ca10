"""Counters and gauges of the indexer; labels are chain ids, of which there are few."""

from prometheus_client import Counter, Gauge


def _gauge(name: str, text: str) -> Gauge:
    # With files for several processes, the newest value counts: a restart must not add to the old one.
    return Gauge(name, text, ["chain"], multiprocess_mode="livemostrecent")


HEAD = _gauge("catalogue_index_head_block", "Newest block announced by the chain.")
CHECKPOINT = _gauge("catalogue_index_checkpoint_block", "Newest block whose events are stored.")
LAG = _gauge("catalogue_index_lag_blocks", "Blocks between head and checkpoint.")
WAITING = Gauge(
    "catalogue_index_retries_waiting", "Entries of the retry queue that will be tried.", ["chain"]
)
DEAD = _gauge("catalogue_index_dead_letters", "Entries that were given up and wait for a person.")
LEADER = _gauge("catalogue_index_leader", "1 while this process indexes the chain.")
EVENTS = Counter("catalogue_index_events", "Events stored.", ["chain"])
LATE = Counter("catalogue_index_late_events", "Events that a node kept back at first.", ["chain"])
REORGS = Counter("catalogue_index_reorgs", "Rollbacks to a fork.", ["chain"])
SKIPPED = Counter("catalogue_index_queued_blocks", "Blocks passed over and queued.", ["chain"])
DOCUMENTS = Counter("catalogue_index_documents", "Documents by what became of them.", ["chain", "outcome"])
FAILURES = Counter("catalogue_index_failures", "Passes that ended in an error.", ["chain", "what"])

OUTCOMES = ("stored", "refused", "failed", "dead")
PARTS = ("chain", "database", "other")


def show(chain_id: int) -> None:
    """Make every series appear at zero, so that a missing one means something."""
    chain = str(chain_id)
    for gauge in (HEAD, CHECKPOINT, LAG, WAITING, DEAD, LEADER):
        gauge.labels(chain)
    for counter in (EVENTS, LATE, REORGS, SKIPPED):
        counter.labels(chain)
    for outcome in OUTCOMES:
        DOCUMENTS.labels(chain, outcome)
    for part in PARTS:
        FAILURES.labels(chain, part)
