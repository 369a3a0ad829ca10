"""A spec with `$names` in it, filled with the values of one instance.

`string.Template` rules: `$x` and `${x}`; unknown names stay; `$$` is a dollar. All values are put in at once,
so what a value holds is never read again. Filled: commands, the values of variables, working folders, tees,
the values of inputs that are addresses, outputs.
"""

from collections.abc import Mapping
from dataclasses import replace
from string import Template
from typing import Final

from services.compute.domain.spec import Input, Output, Role, Source, Spec, Task
from services.compute.domain.sweep import Value, text_of

_ADDRESSES: Final = frozenset({Source.URL, Source.OBJECT, Source.SANDBOX, Source.OUTPUT})


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
    return replace(given, value=fill_text(given.value, texts)) if given.source in _ADDRESSES else given


def _output(output: Output, texts: Mapping[str, str]) -> Output:
    return replace(
        output,
        pattern=fill_text(output.pattern, texts),
        name=None if output.name is None else fill_text(output.name, texts),
    )
