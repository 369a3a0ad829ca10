"""Files that come with jobs: their names, their archive, and what it is called."""

import io
import tarfile

import pytest
from werkzeug.datastructures import FileStorage

from libs.web.params import BadParams, TooLarge
from services.compute.dialects.dirac.sandboxes.references import name_of, reference_of, sandbox_name
from services.compute.dialects.dirac.sandboxes.uploads import File, digest_of, files_of, packed
from services.compute.domain.layout import is_sandbox_name
from tests.fakes.compute_dirac import member

pytestmark = pytest.mark.clause("dirac 2.6")

DIGEST = "ab" * 32


def part(name: str | None, content: bytes = b"x") -> FileStorage:
    return FileStorage(io.BytesIO(content), name)


def archive_of(*parts: FileStorage) -> tuple[str, dict[str, tuple[bytes, int]]]:
    with packed(files_of(parts, 1 << 30)) as archive:
        whole = b"".join(archive.pieces())
        with tarfile.open(fileobj=io.BytesIO(whole), mode="r:gz") as tar:
            held = {entry.name: (tar.extractfile(entry).read(), entry.mode) for entry in tar}  # type: ignore[union-attr]
        return archive.digest, held


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        ("a.sh", "a.sh"),
        ("/etc/passwd", "passwd"),
        ("../../x", "x"),
        ("C:\\dir\\a b.txt", "a b.txt"),
        ("é~.dat", "é~.dat"),
        ("a" * 255, "a" * 255),
    ],
)
def test_only_the_last_part_of_a_name_counts(sent: str, name: str) -> None:
    assert [file.name for file in files_of([part(sent)], 10)] == [name]


@pytest.mark.parametrize(
    "sent", ["", "..", ".", "a/..", "dir/", "a\0b", "a\nb", "a" * 256, "é" * 128, "\u202e"]
)
def test_names_that_no_file_has(sent: str) -> None:
    with pytest.raises(BadParams, match="files"):
        files_of([part(sent)], 10)


def test_two_files_of_one_name() -> None:
    with pytest.raises(BadParams, match="Two files"):
        files_of([part("a/x"), part("b/x")], 10)


def test_size_counts_all_together() -> None:
    assert len(files_of([part("a", b"x" * 5), part("b", b"x" * 5)], 10)) == 2
    with pytest.raises(TooLarge):
        files_of([part("a", b"x" * 5), part("b", b"x" * 6)], 10)


def test_the_same_files_make_the_same_archive() -> None:
    one, held = archive_of(part("b", b"2" * 3_000_000), part("a", b"1"))
    other, _ = archive_of(part("a", b"1"), part("b", b"2" * 3_000_000))
    assert one == other
    assert held == {"a": (b"1", 0o755), "b": (b"2" * 3_000_000, 0o755)}
    assert archive_of(part("a", b"2"))[0] != archive_of(part("a", b"1"))[0]
    assert archive_of(part("c", b"1"))[0] != archive_of(part("a", b"1"))[0]


def test_a_file_may_be_looked_at_twice() -> None:
    file = File("a", io.BytesIO(b"abc"), 3)
    assert digest_of(file) == digest_of(file)


def test_references() -> None:
    reference = reference_of(member("a", "ada lo/ve"), DIGEST, "tar.gz")
    assert reference == f"SB:SandboxSE|/S3/tidegate/vo/vo_user/ada%20lo%2Fve/sha256:{DIGEST}.tar.gz"
    assert name_of(reference) == sandbox_name(DIGEST, "tar.gz")
    assert is_sandbox_name(sandbox_name(DIGEST, "tar.gz"))
    assert name_of(f"SB:X|sha256:{DIGEST}.tar.zst") == f"sha256-{DIGEST}.tar.zst"


@pytest.mark.parametrize(
    "text",
    [
        "SB:",
        "SB:X|/a/b.tar.gz",
        f"SB:X|/a/sha256:{DIGEST}",
        f"SB:X|/a/sha256:{DIGEST.upper()}.tar.gz",
        f"SB:X|/a/sha256:{DIGEST[1:]}.tar.gz",
        f"SB:X|/a/sha256:{DIGEST}.tar.gz/../../x",
        f"SB:X|/a b/sha256:{DIGEST}.tar.gz",
        f"SB:X|/a/sha256:{DIGEST}.a.b.c",
        f"sb:X|/a/sha256:{DIGEST}.tar.gz",
        f"SB:X|/a/sha256:{DIGEST}.tar.gz\n",
        "SB:" + "X" * 100_000,
        "SB:X|" + "sha256:" * 10_000,
    ],
)
def test_what_is_no_reference_of_ours(text: str) -> None:
    assert name_of(text) is None
