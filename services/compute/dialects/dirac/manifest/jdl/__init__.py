"""DIRAC's job description language (contract 5.4): read and written."""

from services.compute.dialects.dirac.manifest.jdl.parser import read_jdl
from services.compute.dialects.dirac.manifest.jdl.writer import write_jdl

__all__ = ["read_jdl", "write_jdl"]
