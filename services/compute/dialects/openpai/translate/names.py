"""Names of roles as the core has them, which are narrower than OpenPAI's."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

_PLAIN: Final = re.compile(r"[a-z0-9-]{1,32}")
_OTHER = re.compile(r"[^a-z0-9-]")
_UNSAFE = re.compile(r"[^A-Za-z0-9_]")
_MOST: Final = 26  # characters of a name to which a number is added


def core_names(names: Sequence[str]) -> tuple[str, ...]:
    """One for each, all different; those that are plain already stay as they are."""
    taken = {name for name in names if _PLAIN.fullmatch(name)}
    found: list[str] = []
    for number, name in enumerate(names):
        if _PLAIN.fullmatch(name):
            found.append(name)
            continue
        short = _OTHER.sub("-", name.lower())[:_MOST]
        made = f"{short}-{number}"
        while made in taken:
            number += len(names)
            made = f"{short}-{number}"
        taken.add(made)
        found.append(made)
    return tuple(found)


def shell_names(names: Sequence[str]) -> dict[str, str]:
    """For names that no shell variable can have, one that it can; those that would mean two are left out."""
    made = {name: _UNSAFE.sub("_", name) for name in names}
    wanted = Counter(made.values())
    return {name: safe for name, safe in made.items() if name != safe and wanted[safe] == 1}
