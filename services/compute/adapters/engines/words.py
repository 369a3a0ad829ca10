"""Words of a run that no system takes: what every engine refuses before it tries."""

from collections.abc import Iterator

from services.compute.ports.engines import RunSpec

_WORD_BYTES = 128 * 1024 - 1  # the kernel's own limit of one argument
_ALL_BYTES = 1 << 20
_VARIABLES = 2000


def bad_words(spec: RunSpec) -> Iterator[str]:
    """Sentences. A NUL would end one word and begin another."""
    paths = [mount.path for mount in spec.mounts] + [spec.working_folder or "/"]
    pairs = [f"{name}={value}" for name, value in spec.environment.items()]
    words = [*spec.command, *pairs, *paths]
    if any("\0" in word for word in words):
        yield "A NUL stands in the command, an environment variable or a path."
    if any(not name or "=" in name for name in spec.environment):
        yield "An environment variable has no name, or one with = in it."
    sizes = [len(word.encode("utf-8", "surrogatepass")) for word in words]
    if max(sizes) > _WORD_BYTES or sum(sizes) > _ALL_BYTES or len(pairs) > _VARIABLES:
        yield "The command or the environment is too long for this system."
    if spec.command and not spec.command[0]:
        yield "The command's first word is empty."
