"""`/api/v1/virtual-clusters`: what there is, and how busy each is (OpenPAI contract 3.5)."""

from typing import Any, Final

from flask import Blueprint, Response, jsonify

from libs.web.gate import public
from services.compute.domain.clusters import ClusterUnknown
from services.compute.usecases.clusters import Clusters, ClusterUse

PATH: Final = "/api/v1/virtual-clusters"
_MEBIBYTE: Final = 1 << 20


def add(room: Blueprint, clusters: Clusters) -> None:
    @room.get(PATH, strict_slashes=False)
    @public
    def virtual_clusters() -> Response:
        return jsonify({use.name: view(use) for use in clusters.uses()})

    @room.get(f"{PATH}/<name>", strict_slashes=False)
    @public
    def virtual_cluster(name: str) -> Response:
        try:
            return jsonify(view(clusters.use(name)))
        except ClusterUnknown:
            return unknown(name)


def view(use: ClusterUse) -> dict[str, Any]:
    """Percentages, and mebibytes of memory. No cluster takes from another, so that its share is its most."""
    return {
        "capacity": use.capacity,
        "maxCapacity": use.capacity,
        "usedCapacity": use.used,
        "numActiveJobs": use.active,
        "numJobs": use.active + use.waiting,
        "numPendingJobs": use.waiting,
        "resourcesUsed": {"memory": use.memory_bytes // _MEBIBYTE, "vCores": use.cpus, "GPUs": use.gpus},
        "state": "running",
    }


def unknown(name: str) -> Response:
    """The 404 of a virtual cluster that there is not, also of a job that names one."""
    body = {"code": "NoVirtualClusterError", "message": f"Virtual cluster {name[:64]} is not found."}
    response = jsonify(body)
    response.status_code = 404
    return response
