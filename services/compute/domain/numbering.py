"""The text that stands for a job's id where one is written before the job has it.

The worker puts the id into commands, variables, working folders and outputs; the store into the job's name
and the batch it is filed under. Whoever shows what a job was described by does as much.
"""

from dataclasses import replace
from typing import Final

from services.compute.domain.job import NewJob
from services.compute.domain.spec import Spec

JOB_ID: Final = "${TIDEGATE_JOB_ID}"


def numbered(text: str, number: int) -> str:
    return text.replace(JOB_ID, str(number)) if JOB_ID in text else text


def with_number(new: NewJob, number: int) -> NewJob:
    """With its id in its name, its batch and what is to be told where."""
    texts = (new.name, *(notice.url for notice in new.notices), "" if new.sheet is None else new.sheet.batch)
    if not any(JOB_ID in text for text in texts):
        return new
    sheet = new.sheet
    return replace(
        new,
        name=numbered(new.name, number),
        notices=tuple(replace(notice, url=numbered(notice.url, number)) for notice in new.notices),
        sheet=None if sheet is None else replace(sheet, batch=numbered(sheet.batch, number)),
    )


def with_numbered_outputs(spec: Spec, number: int) -> Spec:
    if not any(JOB_ID in output.pattern for output in spec.outputs):
        return spec
    outputs = [replace(output, pattern=numbered(output.pattern, number)) for output in spec.outputs]
    return replace(spec, outputs=tuple(outputs))
