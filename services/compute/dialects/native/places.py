"""Where a part of a spec stands in the document that it was made from, for problems that name places."""


class Places:
    """JSON pointers of a spec by those of the document; what is not noted stands at the same place."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def note(self, in_spec: str, in_document: str) -> None:
        self._known[in_spec] = in_document

    def of(self, place: str) -> str:
        """The longest noted beginning of `place` decides."""
        beginning, rest = place, ""
        while beginning:
            if beginning in self._known:
                return self._known[beginning] + rest
            beginning, _, last = beginning.rpartition("/")
            rest = f"/{last}{rest}"
        return place
