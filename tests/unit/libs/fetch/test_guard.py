import threading
from collections.abc import Iterator, Sequence

import pytest

from libs.fetch.errors import FetchTimedOut, NameNotResolved, UrlRefused
from libs.fetch.guard import Guard, parse_allow


class Dns:
    """A resolver with scripted answers, which counts how often it was asked."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self._answers: Iterator[Sequence[str]] = iter(answers)
        self.asked: list[tuple[str, int]] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append((host, port))
        answer = next(self._answers)
        if not answer:
            raise OSError("no such name")
        return answer


def test_a_public_answer_is_pinned() -> None:
    dns = Dns(["8.8.8.8", "2001:4860::1"], ["127.0.0.1"])
    target = Guard(resolver=dns).resolve("https://name.example/x?y")
    assert target.addresses == ("8.8.8.8", "2001:4860::1")
    assert target.ip == "8.8.8.8"
    assert (target.scheme, target.host, target.port, target.path_qs) == ("https", "name.example", 443, "/x?y")
    assert dns.asked == [("name.example", 443)]


@pytest.mark.parametrize(
    "answer",
    [
        ["127.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["::ffff:8.8.8.8"],
        ["64:ff9b::808:808"],
        ["2606:4700::1", "fe80::1%eth0"],
        ["169.254.169.254"],
        ["not an address"],
    ],
)
def test_one_private_answer_refuses_the_name(answer: list[str]) -> None:
    with pytest.raises(UrlRefused):
        Guard(resolver=Dns(answer)).resolve("http://name.example/")


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.64.0.1/",
        "http://0.0.0.0/",
        "http://127.0.0.1./",
        "http://[fd00:ec2::254]/",
    ],
)
def test_private_literals_are_refused_without_a_look_up(url: str) -> None:
    dns = Dns()
    with pytest.raises(UrlRefused):
        Guard(resolver=dns).resolve(url)
    assert dns.asked == []


def test_public_literals_need_no_look_up() -> None:
    dns = Dns()
    assert Guard(resolver=dns).resolve("http://8.8.8.8:81/").ip == "8.8.8.8"
    assert dns.asked == []


def test_unresolvable_names_do_not_count_as_safe() -> None:
    with pytest.raises(NameNotResolved):
        Guard(resolver=Dns([])).resolve("http://localhost/")
    with pytest.raises(NameNotResolved):
        Guard(resolver=lambda host, port: []).resolve("http://nothing.example/")


def test_allow_list_names_host_and_port() -> None:
    guard = Guard(allow=parse_allow("files.internal:9000, 10.0.0.5:80,[::1]:8"), resolver=Dns(["10.0.0.1"]))
    assert guard.resolve("http://Files.Internal.:9000/").ip == "10.0.0.1"
    assert guard.resolve("http://10.0.0.5/").ip == "10.0.0.5"
    assert guard.resolve("http://[::1]:8/").ip == "::1"
    for url in ("http://10.0.0.5:81/", "http://10.0.0.6/", "http://[::1]/"):
        with pytest.raises(UrlRefused):
            guard.resolve(url)


def test_allowing_a_name_does_not_allow_the_address_it_has() -> None:
    guard = Guard(allow=parse_allow("files.internal:80"), resolver=Dns(["10.0.0.1"]))
    with pytest.raises(UrlRefused):
        guard.resolve("http://10.0.0.1/")


def test_allow_all_lifts_addresses_but_not_spelling() -> None:
    guard = Guard(allow_all=True)
    assert guard.resolve("http://127.0.0.1/").ip == "127.0.0.1"
    for url in ("http://127.1/", "ftp://127.0.0.1/", "http://u:p@127.0.0.1/"):
        with pytest.raises(UrlRefused):
            guard.resolve(url)


@pytest.mark.parametrize(
    "text", ["host", "host:", ":80", "host:x", "host:0", "host:70000", "a b:80", "u@h:80", "1:80"]
)
def test_bad_allow_lists(text: str) -> None:
    with pytest.raises(ValueError, match="host:port"):
        parse_allow(text)


def test_empty_allow_list() -> None:
    assert parse_allow(" , ") == frozenset()


def test_a_slow_look_up_is_given_up() -> None:
    release = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        release.wait(30)
        return ["8.8.8.8"]

    try:
        with pytest.raises(FetchTimedOut):
            Guard(resolver=slow).resolve("http://slow.example/", seconds=0.05)
    finally:
        release.set()


TOKEN = "A-_4" * 10 + "xyz"
SHARED = "http://127.0.0.1:8043/filecatalogue/shared/"


def test_a_shared_files_url_is_allowed_on_a_neighbour_of_ours() -> None:
    assert Guard(shared=SHARED).resolve(SHARED + TOKEN).ip == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        SHARED,
        SHARED + "short",
        SHARED + TOKEN + "/",
        SHARED + TOKEN + "/../../metrics",
        SHARED + "../" + TOKEN,
        SHARED + "%2e%2e/" + TOKEN,
        SHARED + TOKEN + "?x=1",
        SHARED + "x" * 65,
        "http://127.0.0.1:8043/internal/files/locate",
        "http://127.0.0.1:8044/filecatalogue/shared/" + TOKEN,
        "http://127.0.0.2:8043/filecatalogue/shared/" + TOKEN,
        "https://127.0.0.1:8043/filecatalogue/shared/" + TOKEN,
    ],
)
def test_nothing_else_of_the_neighbour_is(url: str) -> None:
    with pytest.raises(UrlRefused):
        Guard(shared=SHARED).resolve(url)


@pytest.mark.parametrize("spelling", ["HTTP://LocalHost:80/shared/", "http://localhost/shared/"])
def test_however_the_operator_spells_the_neighbour(spelling: str) -> None:
    guard = Guard(shared=spelling, resolver=lambda *_: ["127.0.0.1"])
    assert guard.resolve(spelling + TOKEN).ip == "127.0.0.1"
    with pytest.raises(UrlRefused):
        guard.resolve("http://localhost:81/shared/" + TOKEN)
