"""Where a part of a spec stands in the description that it was made from, for problems that name places."""


class Places:
    """JSON pointers of a spec by those of the description. What nothing is noted of is of the whole job."""

    def __init__(self, whole: str) -> None:
        self._whole = whole
        self._known: dict[str, tuple[str, bool]] = {}

    def note(self, in_spec: str, in_document: str, *, deep: bool = False) -> None:
        """`deep`: what lies below it in the spec lies at the same place below it in the description."""
        self._known[in_spec] = (f"{self._whole}{in_document}", deep)

    def of(self, place: str) -> str:
        """The longest noted beginning of `place` decides."""
        beginning, rest = place, ""
        while beginning:
            if beginning in self._known:
                found, deep = self._known[beginning]
                return found + rest if deep else found
            beginning, _, last = beginning.rpartition("/")
            rest = f"/{last}{rest}"
        return self._whole
