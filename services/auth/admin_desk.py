"""What the commands of `tidegate-admin` work with."""

from argparse import Namespace
from collections.abc import Callable
from dataclasses import dataclass

from services.auth.usecases.administration import Administration
from services.auth.usecases.keyring import Keyring
from services.auth.usecases.registrations import Registrations


class Mistake(Exception):
    """The command cannot be done as given; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    administration: Administration
    registrations: Registrations
    keyring: Keyring
    read_line: Callable[[], str]
    ask: Callable[[str], str]  # at the terminal, without echo
    generate: Callable[[], str]

    def password(self, options: Namespace) -> str:
        if options.generate:
            return self.generate()
        if options.stdin:
            return self.read_line()
        try:
            password = self.ask("Password: ")
            if self.ask("Again: ") != password:
                raise Mistake("The two are not the same.")
        except (EOFError, OSError):
            raise Mistake("There is no terminal: use --stdin or --generate.") from None
        return password
