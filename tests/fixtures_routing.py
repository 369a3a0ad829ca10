"""Apps that are made for one test each share the URL builders that werkzeug compiles for their routes.

A builder depends on nothing but the text of its rule and how it was parsed. Compiling two for each route anew
is two thirds of the time an app takes to make.
"""

from collections.abc import Callable
from typing import Any

import pytest
from werkzeug.routing.rules import Rule

Builder = Callable[..., tuple[str, str]]


@pytest.fixture(scope="session", autouse=True)
def url_builders_once() -> None:
    compile_one = Rule._compile_builder
    made: dict[tuple[Any, ...], Builder] = {}

    def compiled(rule: Rule, append_unknown: bool = True) -> Builder:
        if rule.defaults:  # converted into the code, by converters of the rule's own
            return compile_one(rule, append_unknown)
        known = (rule.rule, tuple(rule._trace), append_unknown)
        if known not in made:
            made[known] = compile_one(rule, append_unknown)
        return made[known]

    Rule._compile_builder = compiled  # type: ignore[method-assign]
