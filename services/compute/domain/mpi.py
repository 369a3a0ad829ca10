"""How one program is started as many processes that talk to each other, on one node. Pure.

The launcher is the image's own `mpirun`; there is no shell around it. All variables of the run reach every
process, since all of them are children of it.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from services.compute.domain.spec import Mpi, MpiKind

LAUNCHER: Final = "mpirun"
_OPTIONS: Final[Mapping[MpiKind, tuple[str, ...]]] = {
    MpiKind.OPENMPI: ("--bind-to", "none"),
    MpiKind.MPICH: ("-launcher", "fork"),
    MpiKind.INTEL: ("-launcher", "fork"),
}
_VARIABLES: Final[Mapping[MpiKind, Mapping[str, str]]] = {
    # As many processes as were asked for, whatever it thinks of the machine: up to version 4, and from 5 on.
    MpiKind.OPENMPI: {
        "OMPI_MCA_rmaps_base_oversubscribe": "1",
        "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe",
    },
    MpiKind.MPICH: {},
    MpiKind.INTEL: {},
}


def processes(mpi: Mpi, cpus: float) -> int:
    """On one node that gives the run so many cpus."""
    return max(1, math.floor(cpus)) if mpi.processes is None else mpi.processes


def launched(mpi: Mpi, command: Sequence[str], cpus: float) -> tuple[str, ...]:
    """The argv that starts `command` that many times."""
    return (LAUNCHER, "-np", str(processes(mpi, cpus)), *_OPTIONS[mpi.kind], *command)


def variables(mpi: Mpi) -> Mapping[str, str]:
    """What the launcher is told besides; the task's own variables win."""
    return _VARIABLES[mpi.kind]
