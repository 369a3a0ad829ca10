"""Which ports each task of a job listens on: chosen when the job is taken, so that all tasks know them all.

They are private to the job, so that only ports of one job could collide: all that nobody fixed are different.
"""

from dataclasses import dataclass
from typing import Final

from services.compute.dialects.openpai.config import Config, Invalid, Port

FIRST: Final = 20_000
LAST: Final = 59_999
TOO_MANY: Final = f"have more ports together than the {LAST - FIRST + 1} there are"


@dataclass(frozen=True, slots=True)
class Block:
    """The ports of one label of one role. Task `i` has `number` of them from `first + i * step` on."""

    label: str
    first: int
    number: int
    step: int

    def of(self, index: int) -> tuple[int, ...]:
        begin = self.first + index * self.step
        return tuple(range(begin, begin + self.number))


def planned(config: Config) -> tuple[tuple[Block, ...], ...]:
    """By role, in the order of its labels. Raises Invalid when there are not enough."""
    taken = _taken(config)
    following, blocks = FIRST, []
    for role in config.roles:
        own = []
        for port in role.all_ports:
            if port.begin_at:
                own.append(Block(port.label, port.begin_at, port.number, 0))
                continue
            first = _free(following, port.number * role.number, taken)
            following = first + port.number * role.number
            own.append(Block(port.label, first, port.number, port.number))
        blocks.append(tuple(own))
    return tuple(blocks)


def colliding(config: Config) -> str | None:
    """The label of a fixed port that two tasks of the job have: nothing for one address."""
    taken: set[int] = set()
    for role in config.roles:
        for port in _fixed(role.ports):
            wanted = set(range(port.begin_at, port.begin_at + port.number))
            if role.number > 1 or wanted & taken:
                return port.label
            taken |= wanted
    return None


def _fixed(ports: tuple[Port, ...]) -> list[Port]:
    return [port for port in ports if port.begin_at]


def _taken(config: Config) -> bytearray:
    """A mark at every port that is fixed."""
    taken = bytearray(LAST + 1)
    for role in config.roles:
        for port in _fixed(role.ports):
            for number in range(port.begin_at, min(port.begin_at + port.number, LAST + 1)):
                taken[number] = 1
    return taken


def _free(start: int, length: int, taken: bytearray) -> int:
    """The first of so many in a row. Raises Invalid."""
    first = start
    while first + length - 1 <= LAST:
        last = taken.rfind(1, first, first + length)
        if last < 0:
            return first
        first = last + 1
    raise Invalid([("taskRoles", TOO_MANY)])
