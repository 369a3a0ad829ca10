"""Descriptions of jobs: decoded bodies in, checked values out. Pure."""

from services.compute.dialects.openpai.config.model import Config, Port, TaskRole
from services.compute.dialects.openpai.config.problems import Invalid
from services.compute.dialects.openpai.config.reading import JOB_NAME, NAME_RULE, read_config

__all__ = ["JOB_NAME", "NAME_RULE", "Config", "Invalid", "Port", "TaskRole", "read_config"]
