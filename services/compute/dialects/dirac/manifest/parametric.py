"""One manifest that stands for many (contract 2.13): a job for each value of its parameters.

`Parameters` is a list of values or a count; of a count the values are p(0) = ParameterStart, p(i+1) = p(i) *
ParameterFactor + ParameterStep. `Parameters.<name>` is a further vector, of the same length. In every text
`%s` becomes the value, `%(name)s` that of a further vector, `%n` the number of the job, and `%j` its id, or
what stands for it as long as there is none (domain/numbering.py).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException
from typing import Final

from libs.web.strict_json import Json, NumberText, to_json
from services.compute.dialects.dirac.limits import MAX_MANIFEST, Room, TooMuch
from services.compute.dialects.dirac.manifest.jdl import write_jdl
from services.compute.dialects.dirac.manifest.names import VECTORS, Attributes, attributes_of
from services.compute.dialects.dirac.manifest.problems import Notes
from services.compute.dialects.dirac.manifest.reading import JDL, Sent
from services.compute.domain.numbering import JOB_ID

_PLACEHOLDER = re.compile(r"%(?:[snj]|\(([^()]{1,256})\)s)")
_NUMBERS = Context(prec=40, Emax=9999, Emin=-9999)
_MOST_DIGITS: Final = 64
_DEFAULTS: Final = {"ParameterStart": "1", "ParameterStep": "0", "ParameterFactor": "1"}
UNNAMED: Final = ""
Value = NumberText | str


@dataclass(frozen=True, slots=True)
class Expanded:
    """`is_made`: by this, so that `sent` is not what the caller wrote."""

    sent: Sent
    attributes: Attributes
    is_made: bool


def expand(sent: Sent, room: Room, notes: Notes) -> list[Expanded]:
    """One for a manifest without parameters; none with problems."""
    attributes = attributes_of(sent.document, sent.path, notes, is_loose=sent.language == JDL)
    try:
        return _expanded(sent, attributes, room, notes)
    except TooMuch as error:
        notes.add(sent.path, str(error))
        return []


def _expanded(sent: Sent, attributes: Attributes, room: Room, notes: Notes) -> list[Expanded]:
    """Raises TooMuch."""
    names = [name for name in attributes.values if name == "Parameters" or name.startswith("Parameters.")]
    if not names:
        room.take(sent.text)
        return [Expanded(sent, attributes, is_made=False)]
    vectors = {name.partition(".")[2]: _vector(attributes, name, room, notes) for name in names}
    lengths = {len(vector) for vector in vectors.values()}
    if 0 in lengths:
        return []  # it was said what is wrong
    if len(lengths) > 1:
        notes.add(attributes.place(names[0]), "All vectors of parameters have the same length.")
        return []
    return _children(sent, attributes, vectors, lengths.pop(), room)


def _children(
    sent: Sent, whole: Attributes, vectors: Mapping[str, Sequence[Value]], count: int, room: Room
) -> list[Expanded]:
    """Raises TooMuch."""
    kept = {name: value for name, value in whole.document.items() if name.partition(".")[0] not in VECTORS}
    width = len(str(count - 1))
    found = []
    for number in range(count):
        values = {name: vector[number] for name, vector in vectors.items()}
        filler = _Filler(values, f"{number:0{width}d}")
        document = {name: filler.fill(value) for name, value in kept.items()}
        for name, value in values.items():
            document[f"Parameter.{name}" if name else "Parameter"] = value
        document["ParameterNumber"] = NumberText(number)
        text = write_jdl(document) if sent.language == JDL else to_json(document)
        room.take(text)
        own = {name: value for name, value in document.items() if value is not None}
        attributes = Attributes(sent.path, own, document, whole.sent, whole.is_loose)
        found.append(Expanded(Sent(document, text, sent.language, sent.path), attributes, is_made=True))
    return found


class _Filler:
    """Puts values into texts, as many characters as a manifest may have."""

    def __init__(self, values: Mapping[str, Value], number: str) -> None:
        self._texts = {name: str(value) for name, value in values.items()}
        self._number = number
        self._left = MAX_MANIFEST

    def fill(self, value: Json) -> Json:
        """Raises TooMuch."""
        if isinstance(value, list):
            return [self.fill(member) for member in value]
        if isinstance(value, dict):
            return {name: self.fill(member) for name, member in value.items()}
        if not isinstance(value, str) or isinstance(value, NumberText):
            return value
        if "%" in value:
            self._left -= sum(len(self._put(match)) for match in _PLACEHOLDER.finditer(value))
            if self._left < len(value):
                raise TooMuch(f"The values put into it make more than {MAX_MANIFEST} characters.")
            value = _PLACEHOLDER.sub(self._put, value)
        return value

    def _put(self, match: re.Match[str]) -> str:
        """What is no vector of this manifest stays as it is."""
        kind = match[0][1]
        if kind == "n":
            return self._number
        if kind == "j":
            return JOB_ID
        return self._texts.get(match[1] or UNNAMED, match[0])


def _vector(attributes: Attributes, name: str, room: Room, notes: Notes) -> Sequence[Value]:
    """Empty when something is wrong with it."""
    given, here = attributes.values[name], attributes.place(name)
    if isinstance(given, list):
        return _listed(given, here, room, notes)
    text = str(given) if isinstance(given, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text) > 0):
        notes.add(here, "A number of jobs, or a list of values.")
        return ()
    if int(text) > room.jobs:
        notes.add(here, room.full())
        return ()
    return _sequence(attributes, name.partition(".")[2], int(text), notes)


def _listed(given: list[Json], here: str, room: Room, notes: Notes) -> Sequence[Value]:
    if not given:
        notes.add(here, "At least one value.")
    elif len(given) > room.jobs:
        notes.add(here, room.full())
    elif not all(isinstance(value, str) for value in given):
        notes.add(here, "Values are texts and numbers.")
    else:
        return [value for value in given if isinstance(value, str)]
    return ()


def _sequence(attributes: Attributes, vector: str, count: int, notes: Notes) -> Sequence[Value]:
    numbers = {}
    for name, usual in _DEFAULTS.items():
        whole_name = f"{name}.{vector}" if vector else name
        found = _decimal(attributes.values.get(whole_name, usual))
        if found is None:
            notes.add(attributes.place(whole_name), "A number.")
            return ()
        numbers[name] = found
    values = [numbers["ParameterStart"]]
    try:
        while len(values) < count:
            grown = _NUMBERS.multiply(values[-1], numbers["ParameterFactor"])
            values.append(_NUMBERS.add(grown, numbers["ParameterStep"]))
    except DecimalException:
        notes.add(attributes.place("ParameterFactor"), "The values grow beyond all numbers.")
        return ()
    return [NumberText(_shown(value)) for value in values]


def _decimal(value: Json) -> Decimal | None:
    if not isinstance(value, str) or len(value) > _MOST_DIGITS:
        return None
    try:
        found = Decimal(str(value))
    except DecimalException:
        return None
    return found if found.is_finite() and abs(found.adjusted()) < 1000 else None


def _shown(value: Decimal) -> str:
    """Whole numbers as such, others without zeros at the end; a JSON number."""
    if value == value.to_integral_value() and value.adjusted() < _NUMBERS.prec:
        return format(value.quantize(Decimal(1), context=_NUMBERS), "f")
    return str(value.normalize(_NUMBERS)).lower()
