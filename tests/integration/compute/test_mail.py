"""Letters over SMTP, to a server here that says what it is told to; where to, as auth says."""

import json
import socketserver
import threading
from collections.abc import Iterator

import pytest

from libs.web.http import PeerUnavailable
from libs.web.internal_client import Reply
from libs.web.settings import Secret
from services.compute.adapters.auth_people import AuthPeople
from services.compute.adapters.mail_smtp import NO_ADDRESS, NO_TLS, SmtpMail
from services.compute.ports.mail import MailRefused, MailUnavailable
from services.compute.ports.people import PeopleUnavailable

SENDER, ADA = "tidegate@example.org", "ada@example.org"


class Post(socketserver.ThreadingTCPServer):
    """Takes letters; `recipient` is its answer to whom they are for."""

    daemon_threads = True

    def __init__(self) -> None:
        self.recipient = "250 ok"
        self.said: list[str] = []
        self.letter = ""
        super().__init__(("127.0.0.1", 0), Session)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class Session(socketserver.StreamRequestHandler):
    server: Post

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            word = line.decode().strip()
            self.server.said.append(word)
            verb = word.split(":")[0].split(" ")[0].upper()
            if verb == "DATA":
                self._say("354 go on")
                self.server.letter = self._letter()
                self._say("250 taken")
            elif verb == "RCPT":
                self._say(self.server.recipient)
            elif verb == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _letter(self) -> str:
        lines = []
        while (line := self.rfile.readline().decode()) != ".\r\n":
            lines.append(line)
        return "".join(lines)

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def mail(url: str, address: str | None = ADA) -> SmtpMail:
    return SmtpMail(Secret(url), SENDER, lambda _: address)


def test_a_letter_arrives_as_it_was_written(post: Post) -> None:
    mail(post.url).send(ADA, "job pi: failed", "It ended with 3.\n\nÜber.\n")
    assert f"mail from:<{SENDER}>" in post.said[1].lower()
    assert f"<{ADA}>" in post.said[2]
    assert "Subject: job pi: failed" in post.letter
    assert "Auto-Submitted: auto-generated" in post.letter
    assert "It ended with 3." in post.letter


@pytest.mark.parametrize(
    ("answer", "error"), [("450 later", MailUnavailable), ("550 no such person", MailRefused)]
)
def test_whom_the_server_does_not_take_now_or_ever(post: Post, answer: str, error: type[Exception]) -> None:
    post.recipient = answer
    with pytest.raises(error) as raised:
        mail(post.url).send(ADA, "s", "t")
    assert ADA not in str(raised.value)
    assert post.letter == ""


def test_a_password_goes_over_no_open_wire(post: Post) -> None:
    url = post.url.replace("//", "//user:s3cret@")
    with pytest.raises(MailUnavailable) as raised:
        mail(url).send(ADA, "s", "t")
    assert str(raised.value) == NO_TLS
    assert [word.split()[0].lower() for word in post.said] == ["ehlo"]


def test_a_server_that_is_not_there_is_asked_again_later() -> None:
    with pytest.raises(MailUnavailable) as raised:
        mail("smtp://user:s3cret@127.0.0.1:1").send(ADA, "s", "t")
    assert "s3cret" not in str(raised.value)


def test_who_has_no_address_gets_no_letter() -> None:
    assert mail("smtp://127.0.0.1:1").address_of("person:a") == ADA
    with pytest.raises(MailRefused, match=NO_ADDRESS):
        mail("smtp://127.0.0.1:1", None).address_of("person:a")


class Auth:
    def __init__(self, answer: Reply | PeerUnavailable) -> None:
        self._answer = answer
        self.asked: list[str] = []

    def get(self, path: str) -> Reply:
        self.asked.append(path)
        if isinstance(self._answer, PeerUnavailable):
            raise self._answer
        return self._answer


def people(answer: Reply | PeerUnavailable) -> tuple[AuthPeople, Auth]:
    auth = Auth(answer)
    return AuthPeople(auth), auth  # type: ignore[arg-type]


def test_auth_says_where_somebody_is_written_to() -> None:
    known, auth = people(Reply("auth", 200, {}, b'{"email": "ada@example.org"}'))
    assert known.address_of("client:a/../b") == ADA
    assert auth.asked == ["/internal/mail-addresses/client%3Aa%2F..%2Fb"]
    assert people(Reply("auth", 200, {}, b'{"email": null}'))[0].address_of("person:a") is None


@pytest.mark.parametrize(
    "answer",
    [
        Reply("auth", 503, {}, b"{}"),
        Reply("auth", 200, {}, b"[]"),
        Reply("auth", 200, {}, b"x"),
        Reply("auth", 200, {}, b'{"email": 3}'),
        PeerUnavailable("auth", "away"),
    ],
    ids=["503", "list", "text", "number", "away"],
)
def test_what_auth_cannot_say_now_is_asked_again(answer: Reply | PeerUnavailable) -> None:
    with pytest.raises(MailUnavailable):
        people(answer)[0].address_of("person:a")


class AuthOfPosts(Auth):
    def post(self, path: str, body: object) -> Reply:
        self.asked.append(f"{path} {body}")
        return self.get(path)


def known_people(answer: Reply | PeerUnavailable) -> tuple[AuthPeople, AuthOfPosts]:
    auth = AuthOfPosts(answer)
    return AuthPeople(auth), auth  # type: ignore[arg-type]


def test_auth_says_who_has_a_name() -> None:
    document = {"subject": "person:a", "name": "ada", "display_name": "Ada", "credential": "none"}
    more = {"groups": ["g"], "virtual_clusters": ["gpu"]}
    body = json.dumps({"principal": {**document, **more}}).encode()
    known, auth = known_people(Reply("auth", 200, {}, body))
    found = known.named("a/..")
    assert found is not None
    assert (found.subject, found.groups, found.virtual_clusters) == ("person:a", ("g",), ("gpu",))
    assert auth.asked == ["/internal/people/a%2F.."]
    assert known_people(Reply("auth", 200, {}, b'{"principal": null}'))[0].named("ada") is None


def test_auth_says_who_left() -> None:
    known, auth = known_people(Reply("auth", 200, {}, b'{"removed": ["person:a", "person:other"]}'))
    assert known.removed(["person:a", "person:b"]) == {"person:a"}
    assert auth.asked[0] == "/internal/removed-people {'subjects': ['person:a', 'person:b']}"


@pytest.mark.parametrize(
    "answer",
    [
        Reply("auth", 503, {}, b"{}"),
        Reply("auth", 200, {}, b"[]"),
        Reply("auth", 200, {}, b"x"),
        Reply("auth", 200, {}, b'{"removed": 3, "principal": 3}'),
        PeerUnavailable("auth", "away"),
    ],
    ids=["503", "list", "text", "number", "away"],
)
def test_nobody_is_taken_for_gone_because_auth_is_away(answer: Reply | PeerUnavailable) -> None:
    with pytest.raises(PeopleUnavailable):
        known_people(answer)[0].removed(["person:a"])
    with pytest.raises(PeopleUnavailable):
        known_people(answer)[0].named("ada")
