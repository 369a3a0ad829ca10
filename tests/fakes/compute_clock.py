"""A clock that only moves when somebody waits, and does what was planned for the time that passes."""

from collections.abc import Callable

START = 1_800_000_000.0


class PlannedClock:
    """`pause` stands for time.sleep."""

    def __init__(self, now: float = START) -> None:
        self._now = now
        self._plans: list[tuple[float, Callable[[], None]]] = []
        self.paused = 0.0

    def now(self) -> float:
        return self._now

    def pause(self, seconds: float) -> None:
        self.paused += seconds
        self.move(seconds)

    def move(self, seconds: float) -> None:
        until = self._now + seconds
        while due := sorted((plan for plan in self._plans if plan[0] <= until), key=lambda plan: plan[0]):
            self._plans.remove(due[0])
            self._now = max(self._now, due[0][0])
            due[0][1]()
        self._now = until

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        self._plans.append((self._now + seconds, act))
