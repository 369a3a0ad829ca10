"""The operator's file: what it may say, and that every mistake in it is told at once."""

import contextlib
from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scripts.stack.environments import TEXT
from services.compute.domain import environment_file
from services.compute.domain.environment_file import BadEnvironmentFile, read_environment_file
from services.compute.domain.environments import Environment
from services.compute.domain.quotas import Quota

SMALLEST = '[[environment]]\nid = "a"\nengine = "process"\n'


def problems(text: str) -> list[str]:
    with pytest.raises(BadEnvironmentFile) as refused:
        read_environment_file(text)
    return refused.value.problems


def one(line: str) -> Environment:
    return read_environment_file(SMALLEST + line).environments[0]


def test_the_smallest_file_takes_every_default() -> None:
    file = read_environment_file(SMALLEST)
    assert file.environments == (Environment(id="a", engine="process"),)
    assert file.quotas.principal == Quota(jobs=1000)


def test_every_field_of_an_environment_can_be_set() -> None:
    assert {field.name for field in fields(Environment)} == set(environment_file._ENVIRONMENT)
    assert {field.name for field in fields(Quota)} == set(environment_file._QUOTA)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ('"2 GiB"', 2 << 30),
        ('"2GiB"', 2 << 30),
        ('"1.5 KiB"', 1536),
        ('"3 MB"', 3_000_000),
        ('"512"', 512),
        ("512", 512),
        ('"1 T"', 10**12),
    ],
)
def test_sizes_are_numbers_or_texts(text: str, size: int) -> None:
    assert one(f"memory_bytes = {text}").memory_bytes == size


def test_prices_are_exact_and_addresses_checksummed() -> None:
    found = one('price_per_minute = "0.1"\nconsumer_address = "0xa78deb2fa79463945c247991075e2a0e98ba7a09"')
    assert found.price_per_minute == Decimal("0.1")
    assert found.consumer_address == "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"


def test_quotas_of_owners_and_groups() -> None:
    quotas = read_environment_file(
        SMALLEST
        + '[quota.principal]\njobs = 5\n[quota.owner."person:abc"]\njobs = 7\n'
        + '[quota.group.physics]\ncpus = 8\nmemory_bytes = "1 GiB"\n'
    ).quotas
    assert quotas.of_owner("person:abc") == Quota(jobs=7)
    assert quotas.of_owner("person:else") == Quota(jobs=5)
    assert quotas.groups == {"physics": Quota(cpus=8.0, memory_bytes=1 << 30)}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("cpus = 0", "cpus of environment 'a' must be a number above 0."),
        ("cpus = true", "cpus of environment 'a' must be a number above 0."),
        ("cpus = inf", "cpus of environment 'a' must be a number above 0."),
        ('memory_bytes = "much"', "memory_bytes of environment 'a' must be a number of bytes or a text such"),
        ('memory_bytes = "0"', "memory_bytes of environment 'a' must be a number of bytes or a text such"),
        ("price_per_minute = 0.1", "price_per_minute of environment 'a' must be a price as a text"),
        ('price_per_minute = "NaN"', "price_per_minute of environment 'a' must be a price as a text"),
        ('price_per_minute = "-1"', "price_per_minute of environment 'a' must be a price as a text"),
        ('consumer_address = "0x12"', "consumer_address of environment 'a' must be an address"),
        ("chain_ids = 8996", "chain_ids of environment 'a' must be a list of chain ids."),
        ("max_jobs = -1", "max_jobs of environment 'a' must be a whole number, at least 0."),
        ('network = "yes"', "network of environment 'a' must be true or false."),
        ("options = {a = 1}", "options of environment 'a' must be a table of texts."),
        ('price_per_minute = "1e19"', "price_per_minute of environment 'a' must be a price as a text"),
        ('price_per_minute = "one"', "price_per_minute of environment 'a' must be a price as a text"),
        ("chain_ids = [1, true]", "chain_ids of environment 'a' must be a list of chain ids."),
        ("consumer_address = 5", "consumer_address of environment 'a' must be an address"),
        ('description = "a\\nb"', "description of environment 'a' must be a text on one line."),
        ("colour = 1", "'colour' is not known in environment 'a'"),
    ],
)
def test_a_wrong_value_is_told_with_its_place(line: str, told: str) -> None:
    found = problems(SMALLEST + line)
    assert len(found) == 1
    assert found[0].startswith(told)


def test_lists_tables_and_whole_prices_are_read() -> None:
    found = one('chain_ids = [1, 8996]\noptions = {a = "1"}\nprice_per_minute = 2')
    assert (found.chain_ids, found.options, found.price_per_minute) == ((1, 8996), {"a": "1"}, Decimal(2))


@pytest.mark.parametrize("name", ["''", "'a b'", "'-a'", "5", "'" + "a" * 65 + "'"])
def test_an_odd_id_is_told(name: str) -> None:
    (told,) = problems(f'[[environment]]\nid = {name}\nengine = "process"\n')
    assert told.endswith("must be up to 64 letters, digits, dots, dashes and underscores.")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("[quota]\nprincipal = 5", "[quota.principal] must be a table."),
        ("[quota]\nowner = 5", "quota.owner must be a table of tables."),
        ("[quota]\ngroup = [1]", "quota.group must be a table of tables."),
        ("[quota.group]\nphysics = 5", "[quota.group.'physics'] must be a table."),
        ("[quota.principal]\njobs = -1", "jobs of [quota.principal] must be a whole number, at least 0."),
    ],
)
def test_a_wrong_quota_is_told_with_its_place(line: str, told: str) -> None:
    assert problems(SMALLEST + line) == [told]


def test_a_file_is_of_bounded_size() -> None:
    assert problems(SMALLEST + "#" * (1 << 20)) == ["The file is larger than 1 MiB."]


@pytest.mark.parametrize("text", ["x = " + "9" * 5000, "x = " + "[" * 5000, "x = 2024-02-30"], ids=range(3))
def test_a_value_that_nobody_can_hold_is_no_toml(text: str) -> None:
    (told,) = problems(SMALLEST + text)
    assert told.startswith("It is not TOML: ")


def test_all_problems_come_at_once() -> None:
    text = '[[environment]]\nengine = "cloud"\ncpus = 0\n[[environment]]\nid = "b"\n'
    text += '[quota.group.x]\njobs = "1"\n'
    found = problems(text)
    assert len(found) == 5
    assert any("environment number 1 has no id." in line for line in found)
    assert any("environment 'b' has no engine." in line for line in found)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "environment = 1",
        "[environment]\nid='a'",
        "quota = 1\n" + SMALLEST,
        "x = 1\n" + SMALLEST,
        "[[",
        "\0",
    ],
)
def test_what_is_no_such_file_is_refused(text: str) -> None:
    assert problems(text)


def test_two_environments_of_one_name_are_refused() -> None:
    assert problems(SMALLEST * 2) == ["There is more than one environment 'a'."]


def test_the_stacks_own_file_is_good() -> None:
    text = TEXT.format(max_jobs=2, free="0x" + "1" * 40, priced="0x" + "2" * 40)
    free, priced = read_environment_file(text).environments
    assert (free.price_per_minute, priced.price_per_minute) == (0, Decimal("0.1"))


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(BadEnvironmentFile):
        assert read_environment_file(text).environments
