"""Identity keystores, as DCP's users sign in with: a new key under a password, in a file of one's own."""

import getpass
import json
import os
import sys
from pathlib import Path
from typing import Any, Final

from libs.client.documents import BadWords

# Cheap enough that the gateway opens it at once, and four times what dcp-client takes.
ROUNDS: Final = 4096


def new_keystore(password: str, label: str | None = None) -> dict[str, Any]:
    """Ethereum's version 3, with a key that nobody else has ever seen."""
    from eth_account import Account  # takes half a second, and no other command needs it

    key = Account.create().key
    document: dict[str, Any] = Account.encrypt(key, password, kdf="scrypt", iterations=ROUNDS)
    return document if label is None else {**document, "label": label}


def write_keystore(path: Path, document: dict[str, Any]) -> None:
    """On one line. Raises BadWords for a file that is there already: a key is never written over."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadWords(f"{path} is there already") from None
    except OSError as error:
        raise BadWords(f"{path}: {error.strerror}") from None
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(json.dumps(document, separators=(",", ":")))


def asked_password() -> str:
    """Typed twice on a terminal, else the first line of standard input. Raises BadWords."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().removesuffix("\n")
    password = getpass.getpass("Password of the keystore: ")
    if getpass.getpass("Once more: ") != password:
        raise BadWords("the passwords differ")
    return password
