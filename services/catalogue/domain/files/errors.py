"""What goes wrong with the file catalogue. `str` of each is a sentence for whoever asked."""


class CatalogueError(Exception):
    """Root of them all."""


class InvalidPath(CatalogueError):
    """No LFN: not absolute, empty or dotted parts, control characters, too long."""


class InvalidValue(CatalogueError):
    """A value that its field, attribute or column does not take; `name` is the one."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name}: {text}")
        self.name = name


class InvalidCondition(CatalogueError):
    """A metadata condition that says nothing; `field` is its name."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(f"{field}: {text}")
        self.field = field


class NotThere(CatalogueError):
    """No such directory, file, replica, field, metaset or storage element, or none that the caller sees."""


class NotPermitted(CatalogueError):
    """The caller sees it and may not do this."""


class Conflict(CatalogueError):
    """What is there already says otherwise: another file, another type, metadata above or below, content."""


class NotEmpty(Conflict):
    """A directory with something in it."""


class TooMuch(CatalogueError):
    """More than one request may ask for or bring."""


class CatalogueUnavailable(CatalogueError):
    """The database cannot be asked right now."""
