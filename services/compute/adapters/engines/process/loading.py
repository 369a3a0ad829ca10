"""Variables that choose what code a program loads at its start.

As root, a sandbox's command is started by `setpriv`, which is still root itself: a job's LD_PRELOAD would be
loaded into that. Such variables are kept from it and given to the command alone, by `env`, which is the job's
own user already. (glibc does the same for set-user-id programs: its list of unsecure variables.)
"""

from collections.abc import Mapping, Sequence
from typing import Final

_PREFIXES: Final = (
    "LD_", "GLIBC_", "MALLOC_", "GCONV_", "LOCPATH", "NLSPATH", "NIS_", "RES_", "RESOLV_", "HOSTALIASES",
    "LOCALDOMAIN", "GETCONF_DIR", "TZDIR", "TEXTDOMAIN", "LANGUAGE",
)  # fmt: skip


def for_starter(environment: Mapping[str, str]) -> dict[str, str]:
    """What the privileged starter may see."""
    return {name: value for name, value in environment.items() if not name.startswith(_PREFIXES)}


def for_command(environment: Mapping[str, str], command: Sequence[str]) -> list[str]:
    """The command, with what was kept from its starter given back."""
    kept = [f"{name}={value}" for name, value in environment.items() if name.startswith(_PREFIXES)]
    return ["/usr/bin/env", *kept, *_plain(command)] if kept else [*command]


def _plain(command: Sequence[str]) -> list[str]:
    """`env` would take a program whose name holds `=` for a variable."""
    if "=" in command[0]:
        return ["/bin/sh", "-c", 'exec "$@"', "sh", *command]
    return [*command]
