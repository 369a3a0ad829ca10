"""The job that a command line describes, as the native API takes it."""

import argparse
import base64
import json
import shlex
import sys
from pathlib import Path
from typing import Any

Document = dict[str, Any]


class BadWords(Exception):
    """The command line cannot be understood; the text says what to write instead."""


def job_of(words: argparse.Namespace) -> Document:
    """The job file, if one is named, with what the options say laid over it. Raises BadWords, OSError."""
    document = _file(words.spec) if words.spec else {}
    command = words.command[1:] if words.command[:1] == ["--"] else list(words.command)
    if command:
        document["command"] = command
    elif not words.spec:
        raise BadWords("Say what to run: tidegate submit -- COMMAND ..., or --spec FILE.")
    for name in ("environment", "image", "name"):
        if getattr(words, name) is not None:
            document[name] = getattr(words, name)
    _add(document, "labels", _pairs(words.label))
    _add(document, "variables", _pairs(words.variable))
    _add(document, "resources", {name: getattr(words, name) for name in ("cpus", "memory", "disk")})
    _add(document, "timeouts", {"run": words.time})
    _add(document, "retry", {"attempts": words.attempts})
    if words.file:
        document["inputs"] = [*document.get("inputs", []), *map(_input, words.file)]
    if words.output:
        document["outputs"] = [*document.get("outputs", []), *words.output]
    return document


def workflow_of(words: argparse.Namespace) -> Document:
    """The workflow file with what the options say laid over it. Raises BadWords, OSError."""
    document = _file(words.file)
    if words.name is not None:
        document["name"] = words.name
    _add(document, "labels", _pairs(words.label))
    return document


def line_of(words: list[str]) -> str:
    """One word is a line of shell as it is; of several each stays a word. Raises BadWords."""
    given = words[1:] if words[:1] == ["--"] else words
    if not given:
        raise BadWords("Say what to run: tidegate exec JOB -- COMMAND ...")
    return given[0] if len(given) == 1 else shlex.join(given)


def _file(name: str) -> Document:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
        document = json.loads(text)
    except ValueError as error:
        raise BadWords(f"{name} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadWords(f"{name} must hold a JSON object.")
    return document


def _add(document: Document, name: str, more: Document) -> None:
    given = {key: value for key, value in more.items() if value is not None}
    if given:
        document[name] = {**document.get(name, {}), **given}


def _pairs(words: list[str]) -> Document:
    found: Document = {}
    for word in words:
        name, separator, value = word.partition("=")
        if not separator:
            raise BadWords(f"{word!r} must be NAME=VALUE.")
        found[name] = value
    return found


def _input(word: str) -> Document:
    """`FILE` or `FILE:PATH`; text goes as text, the rest as base64."""
    name, _, path = word.partition(":")
    source = Path(name)
    data = source.read_bytes()
    entry: Document = {"path": path or source.name}
    if source.stat().st_mode & 0o100:
        entry["executable"] = True
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {**entry, "base64": base64.b64encode(data).decode()}
    return {**entry, "base64": base64.b64encode(data).decode()} if "\0" in text else {**entry, "text": text}
