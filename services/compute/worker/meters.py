"""Counters and gauges of the worker. Labels are states, reason codes and engines, of which there are few."""

from prometheus_client import Counter, Gauge, Histogram

HELD = Gauge("compute_worker_jobs_held", "Jobs that this worker holds.", multiprocess_mode="livesum")
CLAIMED = Counter("compute_worker_jobs_claimed", "Jobs that this worker took.")
ENDED = Counter("compute_jobs_ended", "Jobs that ended, by how and why.", ["state", "reason"])
STEPS = Histogram(
    "compute_worker_step_seconds",
    "Time of one step of a job.",
    ["state"],
    buckets=(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60, 600),
)
FAULTS = Counter("compute_worker_faults", "Steps that broke by a fault of ours.")
BURIED = Counter("compute_worker_dead_letters", "Jobs that were given up and wait for a person.")
LOST = Counter("compute_worker_leases_lost", "Jobs that another worker took over.")
ORPHANS = Counter("compute_worker_orphans", "Runs without a job that were ended.", ["engine"])
PURGED = Counter("compute_jobs_purged", "Jobs whose time was over and that are gone.")
AWAY = Gauge(
    "compute_engine_away", "1 while the engine does not answer.", ["engine"], multiprocess_mode="livemax"
)
SLICES = Counter("compute_slices_over", "Slices whose results were noted.", ["state"])
SLICE_LINES_REFUSED = Counter("compute_slice_lines_refused", "Lines of sandboxes that say nothing.")
