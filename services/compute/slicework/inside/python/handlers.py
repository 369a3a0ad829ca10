"""Finds the function that slices are handed to, in what its author wrote (DCP contract, 4.3)."""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
import types
from collections.abc import Callable
from typing import Any

FILE = "work.py"


class NoHandler(Exception):
    """The source gives no function for slices."""


class Chosen:
    """What dcp.set_slice_handler was given last."""

    def __init__(self) -> None:
        self.handler: Any = None

    def set(self, handler: Any) -> None:
        if not callable(handler):
            raise TypeError("A slice handler is a function.")
        self.handler = handler


def load(source: str, names: dict[str, Any], chosen: Chosen) -> Callable[..., Any]:
    """Run the source, once; the function that it gives. Raises NoHandler, and whatever the source raises."""
    tree, text = _parsed(source)
    linecache.cache[FILE] = (len(text), None, text.splitlines(keepends=True), FILE)
    module = types.ModuleType("__main__")
    module.__dict__.update(names)
    sys.modules["__main__"] = module
    last = _run(tree, module.__dict__)
    if chosen.handler is not None:
        handler = chosen.handler
    elif callable(last):
        handler = last
    else:
        handler = module.__dict__.get(first_function(tree) or "")
    if not callable(handler):
        raise NoHandler(
            "It gives no function: call dcp.set_slice_handler, end with a function, or define one."
        )
    return handler  # type: ignore[no-any-return]


def first_function(tree: ast.Module) -> str | None:
    """The name of the first function that is defined at the top."""
    for statement in tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return statement.name
    return None


def accepts(handler: Callable[..., Any], count: int) -> bool:
    """Whether it can be called with so many arguments; one that does not say is taken at its word."""
    try:
        inspect.signature(handler).bind(*range(count))
    except TypeError:
        return False
    except ValueError:
        return True
    return True


def _parsed(source: str) -> tuple[ast.Module, str]:
    """As it is, or moved to the left as a whole."""
    try:
        return ast.parse(source, FILE), source
    except IndentationError:
        text = textwrap.dedent(source)
        return ast.parse(text, FILE), text


def _run(tree: ast.Module, names: dict[str, Any]) -> Any:
    """The value of the last statement, if that is an expression."""
    body, last = tree.body, None
    if body and isinstance(body[-1], ast.Expr):
        last = ast.Expression(body[-1].value)
        tree = ast.Module(body[:-1], [])
    exec(compile(tree, FILE, "exec", dont_inherit=True), names)  # noqa: S102 - what the job is for
    if last is None:
        return None
    return eval(compile(last, FILE, "eval", dont_inherit=True), names)  # noqa: S307
