"""Python work functions: compiled and never run (contract 4.3).

The compiler recurses: hostile sources overflow the small stacks of a server's threads. It has a thread with
a large one, one source at a time.
"""

import ast
import threading
import warnings
from collections.abc import Callable
from typing import Final, TypeVar

from services.compute.dialects.dcp.work.faults import NO_HANDLER, WorkFunctionInvalid

STACK_BYTES: Final = 64 << 20
_SETTER: Final = "set_slice_handler"
_LITERALS: Final = (ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.JoinedStr)
_ONE: Final = threading.Lock()
Found = TypeVar("Found")


def check_python(text: str) -> str:
    """The source as it is. Raises WorkFunctionInvalid."""
    if not text.strip():
        raise WorkFunctionInvalid("it is empty", 1, 1, NO_HANDLER)
    if not _on_a_large_stack(lambda: _handles(text)):
        raise WorkFunctionInvalid(
            "it names no handler: define a function, end with a lambda or call dcp.set_slice_handler",
            code=NO_HANDLER,
        )
    return text


def _handles(text: str) -> bool:
    """Whether there may be a handler. Raises WorkFunctionInvalid."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the source's own
            tree = ast.parse(text, "work.py")
            compile(tree, "work.py", "exec", dont_inherit=True)
    except SyntaxError as error:
        raise WorkFunctionInvalid(error.msg, error.lineno, error.offset) from None
    except ValueError:  # NUL, half characters
        raise WorkFunctionInvalid("it holds characters that no source may hold", 1, 1) from None
    except (RecursionError, MemoryError, OverflowError):
        raise WorkFunctionInvalid("it is nested too deeply", 1, 1) from None
    return _has_handler(tree)


def _has_handler(tree: ast.Module) -> bool:
    """In the order of contract 4.3; what only running it would tell counts as one."""
    if not tree.body:
        return False
    last = tree.body[-1]
    if any(isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef) for each in tree.body):
        return True
    if isinstance(last, ast.Expr) and not isinstance(last.value, _LITERALS):
        return True
    return any(_names_setter(node) for node in ast.walk(tree))


def _names_setter(node: ast.AST) -> bool:
    if isinstance(node, ast.Import | ast.ImportFrom):
        module = node.module if isinstance(node, ast.ImportFrom) else None
        return module == "dcp" or any(alias.name == "dcp" for alias in node.names)
    return isinstance(node, ast.Attribute) and node.attr == _SETTER


def _on_a_large_stack(act: Callable[[], Found]) -> Found:
    found: list[Found] = []
    raised: list[Exception] = []

    def run() -> None:
        try:
            found.append(act())
        except WorkFunctionInvalid as error:
            raised.append(error)

    with _ONE:
        before = threading.stack_size(STACK_BYTES)
        try:
            thread = threading.Thread(target=run, name="python-source", daemon=True)
            thread.start()
        finally:
            threading.stack_size(before)
        thread.join()
    if raised:
        raise raised[0]
    return found[0]
