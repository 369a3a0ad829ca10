"""Descriptions of jobs and workflows (contract 2, 3): read, checked, and made into what the job core takes.

problems, values              what is wrong and where; numbers that are numbers
names, resources, tasks,      one part of a job each, as it was asked for
files, policies, commands,
images
jobs, factories, workflows    the whole
specs, places                 as a spec for one environment, and back from its problems
shown                         as it is shown again
translate                     describe_job, describe_workflow
"""

from services.compute.dialects.prominence.description.problems import BadDescription
from services.compute.dialects.prominence.description.translate import (
    Described,
    Terms,
    describe_job,
    describe_workflow,
)

__all__ = ["BadDescription", "Described", "Terms", "describe_job", "describe_workflow"]
