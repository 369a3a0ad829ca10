"""Files, keys, usage and resources by PROMINENCE's command line, and jobs that work on the files."""

import hashlib
import io
import re
import tarfile
import zipfile
from email.utils import parsedate_to_datetime

import pytest
import requests

from tests.e2e.prominence_user import User, add_member, signed_in
from tests.fakes.origin import Origin, file
from tests.stack import Stack

pytestmark = pytest.mark.clause("prominence 1.4", "prominence 1.5", "prominence 1.6", "prominence 7")

SECONDS = 60


@pytest.fixture(scope="module")
def user(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "data-ann", "modellers"), tmp_path_factory.mktemp("ann"))


@pytest.fixture(scope="module")
def other(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    """Whose name begins as the first one's, and who is in no group."""
    return signed_in(stack, add_member(stack, "data-a"), tmp_path_factory.mktemp("a"))


@pytest.fixture(scope="module")
def colleague(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> User:
    return signed_in(stack, add_member(stack, "data-bea", "modellers"), tmp_path_factory.mktemp("bea"))


def packed(**files: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name.replace("__", "/") + ".txt")
            member.size = len(text)
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def test_files_are_uploaded_listed_and_removed(user: User) -> None:
    user.file("in.txt", "six...")
    user.file("empty", b"")
    for name, source in (("x.txt", "in.txt"), ("empty", "empty"), ("modellers/y/z.txt", "in.txt")):
        assert user("upload", "--name", name, "--filename", source) == "Success\n"
    assert user("ls") == "empty\nx.txt\n"
    rows = [re.split(r" {3,}", line) for line in user("ls", "-l").splitlines()]
    assert [(name, size) for name, size, _ in rows] == [("empty", "0"), ("x.txt", "6")]
    assert all(parsedate_to_datetime(time).tzinfo is not None and time.endswith(" GMT") for *_, time in rows)
    assert user("ls", "modellers") == user("ls", "modellers/y") == "modellers/y/z.txt\n"
    assert user("rm", "empty") == user("rm", "modellers/y/z.txt") == "Success\n"
    assert user("ls", "modellers") == ""
    assert user("ls") == "x.txt\n"
    assert user.refused("rm", "empty") == "There is no such file"


def test_files_of_others(user: User, other: User, colleague: User) -> None:
    """Whoever is in the group has its files, and nobody else."""
    user.file("shared.txt", "for all of us\n")
    user("upload", "--name", "modellers/shared.txt", "--filename", "shared.txt")
    user("upload", "--name", "own.txt", "--filename", "shared.txt")
    assert "modellers/shared.txt" in colleague("ls", "modellers")
    number = colleague.made("create", "--artifact", "modellers/shared.txt", "busybox", "cat shared.txt")
    assert colleague.ended(number)["status"] == "completed"
    assert colleague("stdout", str(number)) == "for all of us\n\n"
    assert other("ls") == ""
    other.file("x", "x")
    for group in ("modellers", "model", "modellers/deep"):
        assert other.refused("ls", group) == "Not authorized to access this path"
        words = ("upload", "--name", f"{group}/x", "--filename", "x")
        assert other.refused(*words) == "Not authorized to access upload with this path"
        assert other.refused("rm", f"{group}/shared.txt") == "Not authorized to access this path"
    for name in ("modellers/shared.txt", "own.txt"):
        assert other.refused("create", "--artifact", name, "busybox", "x").startswith("/artifacts/0")
    for name in ("../up", "/etc/passwd", "a//b", "", "modellers/../own.txt"):
        refused = other.refused("upload", "--name", name, "--filename", "x")
        assert refused in (
            "An object name must be specified",
            "Not authorized to access upload with this path",
        )


def test_an_upload_link_is_good_for_one_file(user: User) -> None:
    data = b"checked"
    asked = {"filename": "checked.bin", "checksum": hashlib.sha256(data).hexdigest()}
    for base, scheme in (("/prominence/v1", "Bearer"), ("/api/v1", "token")):
        url = f"{user.line.stack.gateway}{base}/data/upload"
        headers = {"Authorization": f"{scheme} {user.token}"}
        made = requests.post(url, json=asked, headers=headers, timeout=SECONDS)
        assert made.status_code == 201, made.text
        link = made.json()["url"]
        assert requests.put(link, data=b"another", timeout=SECONDS).status_code == 400
        made = requests.post(url, json=asked, headers=headers, timeout=SECONDS)
        link = made.json()["url"]
        assert requests.put(link, data=data, timeout=SECONDS).status_code == 200  # exactly
        assert requests.put(link, data=data, timeout=SECONDS).status_code == 403
    assert "checked.bin" in user("ls")
    user("rm", "checked.bin")


def test_a_job_on_uploaded_files(user: User) -> None:
    """An archive is unpacked, a part of it seen at another path too, and a whole folder sent along."""
    user.file("data.tgz", packed(data__a="alpha\n", data__b="beta\n"))
    user("upload", "--name", "data.tgz", "--filename", "data.tgz")
    asked = ("--artifact", "data.tgz:data:/mnt/data", "--output", "sum.txt", "--outputdir", "data")
    command = "sh -c 'cat /mnt/data/*.txt > sum.txt; echo more > data/c.txt; ls'"
    number = user.made("create", *asked, "busybox", command)
    ended = user.ended(number)
    assert ended["status"] == "completed", ended
    assert user("stdout", str(number)) == "data\nsum.txt\n\n"
    assert user("download", str(number)).startswith("Preparing downloads...\nStarting downloads...\n")
    assert (user.home / "sum.txt").read_text() == "alpha\nbeta\n"
    leaves = {"data/a.txt": b"alpha\n", "data/b.txt": b"beta\n", "data/c.txt": b"more\n"}
    assert user.archive("data.tgz") == leaves
    (user.home / "project").mkdir(exist_ok=True)
    user.file("project/main.sh", "echo from the folder\n")
    number = user.made("create", "--directory", "project", "busybox", "sh main.sh")
    assert user.ended(number)["status"] == "completed"
    assert user("stdout", str(number)) == "from the folder\n\n"


def test_links_to_outputs_need_no_token(user: User) -> None:
    words = ("create", "--output", "out.txt", "--outputdir", "res")
    number = user.made(*words, "busybox", "sh -c 'echo 0123456789 > out.txt; mkdir -p res; touch res/x'")
    ended = user.ended(number)
    (out,), (res,) = ended["outputFiles"], ended["outputDirs"]
    assert (out["name"], out["size"], res["name"]) == ("out.txt", 11, "res")
    assert out["url"].startswith(user.line.stack.gateway)
    assert requests.get(out["url"], timeout=SECONDS).text == "0123456789\n"
    part = requests.get(out["url"], headers={"Range": "bytes=2-4"}, timeout=SECONDS)
    assert (part.status_code, part.text) == (206, "234")
    for forged in (out["url"].replace("out.txt", "other.txt"), out["url"][:-1], out["url"].partition("?")[0]):
        assert requests.get(forged, timeout=SECONDS).status_code == 403


def test_artifacts_by_url(user: User, origin: Origin) -> None:
    """The client cuts an address with a port into pieces; private addresses are not read unasked."""
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("deep/in.txt", "from the zip\n")
    origin.route("/artifact.zip", file(zipped.getvalue()))
    number = user.made("create", "--artifact", origin.url("/artifact.zip"), "busybox", "cat deep/in.txt")
    ended = user.ended(number)
    assert (ended["status"], ended["artifacts"]) == ("completed", [{"url": origin.url("/artifact.zip")}])
    assert user("stdout", str(number)) == "from the zip\n\n"
    for url in (origin.url("/missing.zip"), f"{user.line.stack.gateway}/health/live"):
        ended = user.ended(user.made("create", "--artifact", url, "busybox", "ls"))
        assert (ended["status"], ended["statusReason"]) == ("failed", "Artifact download failed")
    origin.route("/broken.zip", file(b"no archive"))
    ended = user.ended(user.made("create", "--artifact", origin.url("/broken.zip"), "busybox", "ls"))
    assert (ended["status"], ended["statusReason"]) == ("failed", "Artifact uncompress failed")


def test_keys_and_values(user: User, other: User) -> None:
    user.file("value.txt", "vom Föhn\n")
    for words in (("k1", "v1"), ("/a/b", "value.txt"), ("a/c", "x=1&y"), ("ab", "z")):
        assert user("kv", "set", *words) == ""
    assert user("kv", "list") == "/a/b\n/a/c\n/ab\n/k1\n"
    assert user("kv", "list", "/a/") == "/a/b\n/a/c\n"
    assert user("kv", "get", "k1") == "v1\n"
    assert user("kv", "get", "/a/b") == "vom Föhn\n\n"
    assert user("kv", "get", "a/c") == "x=1&y\n"
    user("kv", "set", "k1", "v2")
    assert user("kv", "get", "/k1") == "v2\n"
    swapped = user.ask("POST", "/kv/k1", params={"prev": "v1"}, data="v3")
    assert (swapped.status_code, swapped.json()) == (400, {"error": "Atomic replacement not successful"})
    assert user.ask("POST", "/kv/k1", params={"prev": "v2"}, data="v3").status_code == 201
    assert other("kv", "list") == ""
    assert other.refused("kv", "get", "k1") == "No such key"
    assert other("kv", "delete", "k1") == ""
    assert user("kv", "get", "k1") == "v3\n"
    assert user("kv", "delete", "--prefix", "/a/") == ""
    assert user("kv", "list") == "/ab\n/k1\n"
    assert user("kv", "delete", "k1") == user("kv", "delete", "k1") == ""
    assert user.refused("kv", "get", "k1") == "No such key"
    user.file("large", "x" * 16_001)
    assert user.refused("kv", "set", "large", "large") == "Content of value too large"
    assert user.refused("kv", "set", "empty", "") == "No value provided"
    assert user("kv", "list") == "/ab\n"


def test_usage_and_resources(user: User, other: User) -> None:
    user.ended(user.made("create", "busybox", "true"))
    printed = user("usage", "2021-01-01", "2999-01-01", "--group").splitlines()
    assert (printed[0], printed[4]) == (user.username, "modellers")
    jobs, cpu, wall = (re.fullmatch(r"   ([A-Z].*?)  +(\d+)", line) for line in printed[1:4])
    assert jobs is not None
    assert cpu is not None
    assert wall is not None
    assert (jobs[1], cpu[1], wall[1]) == ("Number of jobs", "CPU time (CPU hours)", "Wall time (CPU hours)")
    assert int(jobs[2]) >= 1
    assert user("usage", "2021-01-01", "2021-02-01") == ""
    assert other("usage", "2021-01-01", "2999-01-01", "--group", "--all") == ""
    assert user.refused("usage", "yesterday", "today").startswith("Start date must be ")
    lines = user("resources").splitlines()
    assert lines[:4] == [
        "Existing resources",
        "",
        "Total           Free",
        "Cpus  Memory    Cpus  Memory    Site",
    ]
    assert lines[4].split()[-1] == "ocean-compute"
    assert all(word.isdigit() for word in lines[4].split()[:-1])
    health = requests.get(f"{user.line.stack.gateway}/api/v1/health", timeout=SECONDS)
    assert (health.status_code, health.content) == (204, b"")
