"""Descriptions as specs of the job core. Pure."""

from services.compute.dialects.openpai.translate.asked import Asked, Dirs, framework_name
from services.compute.dialects.openpai.translate.names import core_names
from services.compute.dialects.openpai.translate.places import named_place
from services.compute.dialects.openpai.translate.ports import Block, planned
from services.compute.dialects.openpai.translate.specs import spec_of
from services.compute.dialects.openpai.translate.variables import app_id, container_id

__all__ = [
    "Asked",
    "Block",
    "Dirs",
    "app_id",
    "container_id",
    "core_names",
    "framework_name",
    "named_place",
    "planned",
    "spec_of",
]
