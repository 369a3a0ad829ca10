"""Names in the site's storage. Source: OpenPAI contract 7.4."""

import pytest

from libs.web.principal import Principal
from services.compute.domain.site_paths import (
    BadSitePath,
    filled,
    is_storage_path,
    may_use,
    output_path,
    storage_path,
    storage_user,
    uri_of,
)

pytestmark = pytest.mark.clause("openpai 7.4")

ROOT = "hdfs://storage:9000"


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("hdfs://code", "code"),  # the contract's smallest example
        ("hdfs://code/", "code"),
        ("hdfs://path/of/mine", "path/of/mine"),  # as in the seed's tutorial: without a host
        ("hdfs://10.0.0.1:9000/user/data", "user/data"),
        ("hdfs://10.0.0.1/user/data", "user/data"),
        ("hdfs://node.example/user/data", "user/data"),
        ("hdfs://node:9000/user//data/", "user/data"),
        ("HDFS://localhost/data", "data"),
        ("hdfs:///data", "data"),
        ("hdfs://data.v1", "data.v1"),
        ("/data/./one.csv", "data/one.csv"),
        ("data/one two;é$(x)", "data/one two;é$(x)"),
        ("a:b/c", "a:b/c"),
    ],
)
def test_every_way_to_write_a_path(text: str, path: str) -> None:
    assert storage_path(text) == path
    assert storage_path(uri_of(path, ROOT)) == path


@pytest.mark.parametrize(
    "text",
    [
        *("..", "a/../b", "hdfs://h:1/../x", "hdfs://../x", "/..", "a/.."),
        *("", "/", "hdfs://", "hdfs:///", "hdfs://host:9000", "hdfs://host:9000/", "."),
        *("s3://bucket/x", "file:///etc/passwd", "http://host/x", "webhdfs://h:1/x"),
        *("a\nb", "a\x00b", "a\x7f", "x" * 256, "a/" * 2049),
        *(".parts/x", "hdfs://.parts/x", "hdfs://h:1/.parts"),
    ],
)
def test_what_names_nothing_there(text: str) -> None:
    with pytest.raises(BadSitePath) as caught:
        storage_path(text)
    assert caught.value.reason.endswith(".")
    assert not is_storage_path(text)


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("$PAI_DEFAULT_FS_URI/in", f"{ROOT}/in"),
        ("$PAI_DEFAULT_FS_URI/$PAI_DEFAULT_FS_URI", f"{ROOT}/$PAI_DEFAULT_FS_URI"),
        ("$PAI_DEFAULT_FS_URI/$PAI_USER_NAME/$PAI_USERNAME/$PAI_JOB_NAME", f"{ROOT}/alice/alice/j"),
        ("$PAI_JOB_NAME/$PAI_JOB_NAME", "j/j"),
        ("$PAI_OTHER/$HOME", "$PAI_OTHER/$HOME"),
    ],
)
def test_variables_are_filled_in(text: str, full: str) -> None:
    assert filled(text, root_uri=ROOT, job="j", user="alice") == full


def test_what_a_variable_brings_is_not_filled_again() -> None:
    assert filled("$PAI_JOB_NAME", root_uri=ROOT, job="$PAI_USERNAME", user="alice") == "$PAI_USERNAME"


def test_the_usual_place_of_outputs() -> None:
    assert output_path("alice", "j") == "Output/alice/j"


@pytest.mark.parametrize(("user", "job"), [("a/b", "j"), ("a", "../j"), ("..", "j"), (".", "j"), ("a", "..")])
def test_names_that_no_folder_may_have(user: str, job: str) -> None:
    with pytest.raises(BadSitePath):
        output_path(user, job)


@pytest.mark.parametrize(
    ("subject", "name", "user"),
    [
        ("person:1", "alice", "alice"),
        ("client:alice", "alice", "client:alice"),
        ("eip155:0xA7", "0xA7", "eip155:0xA7"),
    ],
)
def test_only_people_have_the_names_of_people(subject: str, name: str, user: str) -> None:
    principal = Principal(subject=subject, name=name, display_name=name, credential="token")
    assert storage_user(principal) == user
    assert may_use(output_path(user, "j"), user)


@pytest.mark.parametrize(
    ("path", "may"),
    [
        *(("data/x", True), ("Output/alice", True), ("Output/alice/j", True), ("Outputs/bob", True)),
        *(("Output", False), ("Output/bob/j", False), ("Output/alice2/j", False), ("Output/Alice", False)),
    ],
)
def test_outputs_are_their_users_alone(path: str, may: bool) -> None:
    assert may_use(path, "alice") is may
