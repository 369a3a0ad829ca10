"""Which form slices come in (contract 3.1). A million numbers in a row are one block."""

from collections.abc import Iterator
from typing import Final

from libs.web.strict_json import Json, to_json
from services.compute.dialects.dcp.slices.faults import InvalidSlices, RemoteDataDisabled
from services.compute.dialects.dcp.slices.numbers import Numbers, read_numbers
from services.compute.dialects.dcp.slices.remote import addresses, is_remote
from services.compute.domain.errors import TooManySlices
from services.compute.domain.slices import BLOCK_ITEMS, Block, Form

DEEPEST: Final = 8  # forms within forms
MOST_RANGES: Final = 16  # of one product
MOST_FORMS: Final = 20_000  # ranges and lists, one behind the other: each is kept by itself
FORMS: Final = "must be a list of data, a range, or one of the other forms"


def read_slices(given: Json, most: int, fetches: bool, path: str = "slices") -> tuple[Block, ...]:
    """None for null. `fetches`: slices may be addresses of data.

    Raises InvalidSlices, TooManySlices, RemoteDataDisabled.
    """
    found: list[Block] = []
    left = most
    for block in _blocks(given, most, fetches, path, 0):
        left -= block.count
        if left < 0:
            raise TooManySlices(most)
        if len(found) == MOST_FORMS:
            raise InvalidSlices(path, f"may hold {MOST_FORMS} ranges and lists")
        found.append(block)
    return tuple(found)


def _blocks(given: Json, most: int, fetches: bool, path: str, depth: int) -> Iterator[Block]:
    if given is None:
        return
    if isinstance(given, list):
        yield from _items(given)
        return
    if not isinstance(given, dict) or depth > DEEPEST:
        raise InvalidSlices(path, FORMS)
    if is_remote(given):
        if not fetches:
            raise RemoteDataDisabled
        yield from _addresses(given, most, path)
    elif "ranges" in given:
        yield from _several(given, most, fetches, path, depth)
    elif "array" in given or "range" in given:
        name = "array" if "array" in given else "range"
        if not isinstance(given[name], list if name == "array" else dict):
            raise InvalidSlices(f"{path}.{name}", FORMS)
        yield from _blocks(given[name], most, fetches, f"{path}.{name}", depth + 1)
    else:
        numbers = read_numbers(given, path)
        yield Block(Form.RANGE, numbers.slices, numbers.as_json())


def _items(given: list[Json]) -> Iterator[Block]:
    for start in range(0, len(given), BLOCK_ITEMS):
        some = given[start : start + BLOCK_ITEMS]
        yield Block(Form.ITEMS, len(some), to_json(some))


def _addresses(given: dict[str, Json], most: int, path: str) -> Iterator[Block]:
    count, each = addresses(given, path, most)
    if count > most:
        raise TooManySlices(most)
    texts: list[Json] = list(each)
    for start in range(0, count, BLOCK_ITEMS):
        some = texts[start : start + BLOCK_ITEMS]
        yield Block(Form.URLS, len(some), to_json(some))


def _several(given: dict[str, Json], most: int, fetches: bool, path: str, depth: int) -> Iterator[Block]:
    ranges, is_sparse = given["ranges"], given.get("sparse")
    if not isinstance(ranges, list) or not ranges:
        raise InvalidSlices(f"{path}.ranges", "must be a list of ranges")
    if is_sparse not in (None, True, False):
        raise InvalidSlices(f"{path}.sparse", "must be true or false")
    if is_sparse:
        for number, each in enumerate(ranges):
            if not isinstance(each, dict | list):
                raise InvalidSlices(f"{path}.ranges[{number}]", FORMS)
            yield from _blocks(each, most, fetches, f"{path}.ranges[{number}]", depth + 1)
        return
    if len(ranges) > MOST_RANGES:
        raise InvalidSlices(f"{path}.ranges", f"may hold {MOST_RANGES} ranges that are multiplied")
    yield _product([_factor(each, f"{path}.ranges[{number}]") for number, each in enumerate(ranges)])


def _factor(given: Json, path: str) -> Numbers:
    inner = given.get("range") if isinstance(given, dict) else None
    factor = inner if inner is not None else given
    if not isinstance(factor, dict):
        raise InvalidSlices(path, "must be a range")
    return read_numbers(factor, path)


def _product(factors: list[Numbers]) -> Block:
    count = 1
    for factor in factors:
        count *= factor.slices
    body = ",".join(factor.as_json(is_factor=True) for factor in factors)
    return Block(Form.PRODUCT, count, f'{{"ranges":[{body}],"from":0}}')
