"""Manifests as JSON texts: what is kept of them, and where a mistake is."""

import pytest

from libs.web.strict_json import NumberText, to_json
from services.compute.dialects.dirac.limits import MAX_DEPTH, MAX_MANIFEST
from services.compute.dialects.dirac.manifest.problems import BadManifest
from services.compute.dialects.dirac.manifest.reading import read_json

pytestmark = pytest.mark.clause("dirac 2.4")

SEED = """{
  Executable: "/bin/echo",
  Arguments: "Hello World",
  Sites: [ "DIRAC.Site.com", "DIRAC.Site2.com" ]
}"""


def refusal(text: str, path: str = "") -> tuple[str, str]:
    with pytest.raises(BadManifest) as caught:
        read_json(text, path)
    (problem,) = caught.value.problems
    return problem


def test_the_text_is_kept_as_it_is() -> None:
    text = ' {"b": 1.50,\n "a": [1e3, true, null, "\\u00e9"]} '
    (sent,) = read_json(text)
    assert sent.text == text
    assert list(sent.document) == ["b", "a"]
    assert sent.document["b"] == NumberText("1.50")
    assert to_json(sent.document) == '{"b":1.50,"a":[1e3,true,null,"\\u00e9"]}'


def test_a_list_is_many() -> None:
    first, second = read_json('[{"a": 1.0}, {"b": {}}]', "/2")
    assert (first.path, second.path) == ("/2/0", "/2/1")
    assert (first.text, second.text) == ('{"a":1.0}', '{"b":{}}')


def test_the_seeds_example_is_no_json() -> None:
    place, text = refusal(SEED)
    assert place == ""
    assert "Line 2, column 3 (character 4)." in text
    assert "double quotes" in text


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("", "Line 1, column 1"),
        ("{", "Line 1, column 2"),
        ('{"a": }', "column 7"),
        ('{"a": 1,}', "column"),
        ('{"a": 1} x', "column 10"),
        ('{"a": NaN}', "not valid JSON"),
        ('{"a": 1, "a": 2}', "more than once"),
        ('{"a": "\\u0000"}', "NUL"),
        ('{"a": "\\ud800"}', "Unicode"),
        ("1", "JSON object"),
        ("null", "JSON object"),
        ('"a"', "JSON object"),
        ("[]", "no manifest"),
        ("[[]]", "JSON object"),
        ('{"a":' + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1) + "}", "deeply"),
        ("[" * 1000, "deeply"),
        ("[" * 100_001, "brackets"),
        ('{"a":"' + "x" * MAX_MANIFEST + '"}', "characters at most"),
    ],
)
def test_what_cannot_be_read(text: str, word: str) -> None:
    assert word in refusal(text)[1]


def test_problems_stand_where_the_manifest_does() -> None:
    assert refusal("{", "/3")[0] == "/3"
    assert refusal('[{"a": 1}, 2]', "/3")[0] == "/3/1"
