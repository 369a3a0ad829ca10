"""A spec with `$names` in it, filled with the values of one instance.

`string.Template` rules: `$x` and `${x}`; unknown names stay; `$$` is a dollar. All values are put in at once,
so what a value holds is never read again. Filled: commands, the values of variables, working folders, tees,
inputs that are addresses and the paths they come to, outputs.
"""

from collections.abc import Mapping
from dataclasses import replace
from string import Template
from typing import Final

from services.compute.domain.spec import Input, Output, Role, Source, Spec, Task
from services.compute.domain.sweep import Value, text_of

ADDRESSES: Final = frozenset({Source.URL, Source.OBJECT, Source.SANDBOX, Source.OUTPUT, Source.LFN})


def fill(spec: Spec, values: Mapping[str, Value]) -> Spec:
    texts = {name: text_of(value) for name, value in values.items()}
    return replace(
        spec,
        roles=tuple(_role(role, texts) for role in spec.roles),
        inputs=tuple(_input(given, texts) for given in spec.inputs),
        outputs=tuple(_output(output, texts) for output in spec.outputs),
    )


def fill_text(text: str, values: Mapping[str, str]) -> str:
    return Template(text).safe_substitute(values) if "$" in text else text


def _role(role: Role, texts: Mapping[str, str]) -> Role:
    return replace(role, tasks=tuple(_task(task, texts) for task in role.tasks))


def _task(task: Task, texts: Mapping[str, str]) -> Task:
    return replace(
        task,
        command=tuple(fill_text(word, texts) for word in task.command),
        environment={name: fill_text(value, texts) for name, value in task.environment.items()},
        working_folder=None if task.working_folder is None else fill_text(task.working_folder, texts),
        tee=None if task.tee is None else fill_text(task.tee, texts),
    )


def _input(given: Input, texts: Mapping[str, str]) -> Input:
    if given.source not in ADDRESSES:
        return given
    # Who holds a stored object is checked when a workflow is taken: no parameter may change it afterwards.
    kept = given.value.find("/") + 1 if given.source is Source.OBJECT else 0
    value = given.value[:kept] + fill_text(given.value[kept:], texts)
    return replace(given, value=value, path=fill_text(given.path, texts))


def _output(output: Output, texts: Mapping[str, str]) -> Output:
    return replace(
        output,
        pattern=fill_text(output.pattern, texts),
        name=None if output.name is None else fill_text(output.name, texts),
    )
