"""Words for languages, and ranges of versions of runtimes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.compute.dialects.dcp.work.languages import (
    BadRuntime,
    Choice,
    Language,
    Runtime,
    UnsupportedLanguage,
    choose,
)
from services.compute.dialects.dcp.work.versions import satisfies

pytestmark = pytest.mark.clause("dcp 4.1")
JS, TS, PY = Language.JAVASCRIPT, Language.TYPESCRIPT, Language.PYTHON


@pytest.mark.parametrize(
    ("word", "language"),
    [
        *((None, JS), ("", JS), ("js", JS), (" JS ", JS), ("javascript", JS), ("node", JS), ("ts", TS)),
        *(("TypeScript", TS), ("py", PY), ("Python", PY), ("python3", PY)),
    ],
    ids=str,
)
def test_each_word_is_a_language(word: str | None, language: Language) -> None:
    assert choose(word, None) == Choice(language)


def test_strict_mode_has_a_word() -> None:
    assert choose("JavaScriptUseStrict", None) == Choice(JS, is_strict=True)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("R", "DCP-API does not support R yet."),
        ("cobol 85", "DCP-API does not support cobol 85 yet."),
        ("\x00\n", "DCP-API does not support this language yet."),
        ("x" * 1000, "DCP-API does not support this language yet."),
    ],
    ids=["R", "words", "odd", "long"],
)
def test_other_words_are_told_so(word: str, text: str) -> None:
    with pytest.raises(UnsupportedLanguage) as refused:
        choose(word, None)
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("word", "runtime", "language"),
    [
        (None, Runtime("map-basic"), JS),
        (None, Runtime("pyodide"), PY),
        ("", Runtime("pyodide", "^0.28.0"), PY),
        ("ts", Runtime("map-basic", "1.x"), TS),
        ("python", Runtime("pyodide", ">=0.20 <1"), PY),
    ],
    ids=["map-basic", "pyodide", "empty", "ts", "python"],
)
def test_a_runtime_chooses_where_no_language_is_named(
    word: str | None, runtime: Runtime, language: Language
) -> None:
    assert choose(word, runtime).language is language


@pytest.mark.parametrize(
    ("word", "runtime", "path"),
    [
        ("js", Runtime("pyodide"), "work.runtime.name"),
        ("python", Runtime("map-basic"), "work.runtime.name"),
        (None, Runtime("worktime"), "work.runtime.name"),
        (None, Runtime(""), "work.runtime.name"),
        (None, Runtime("map-basic", "^2.0.0"), "work.runtime.version"),
        (None, Runtime("map-basic", "latest"), "work.runtime.version"),
        (None, Runtime("map-basic", is_custom=True), "work.runtime.custom"),
    ],
    ids=["js", "python", "unknown", "empty", "version", "word", "custom"],
)
def test_what_there_is_not_or_contradicts_is_refused(word: str | None, runtime: Runtime, path: str) -> None:
    with pytest.raises(BadRuntime) as refused:
        choose(word, runtime)
    assert refused.value.path == path


@pytest.mark.parametrize(
    ("version", "wanted", "is_in"),
    [
        *(("1.0.0", text, True) for text in ("*", "", "1", "1.0", "1.0.0", "v1.0.0", "=1.0.0", "^1", "~1.0")),
        *(
            ("1.0.0", text, True)
            for text in (">=1", "<=1.0.0", "<2", ">0.9", "1.x", "X", "0.5 - 1.0", "2 || 1")
        ),
        *(("1.0.0", text, True) for text in (">= 1 < 2", "~>1.0", "^0.9 || ^1.0", "1.0.0-beta")),
        *(("1.0.0", text, False) for text in ("2", "^2", "~1.1", ">1", ">1.0.0", "<1", "0.1 - 0.9", "1.1.x")),
        *(("1.0.0", text, False) for text in ("latest", "1..0", "^1 y", "01", "1.0.0.0", "!", "1 | 2")),
        *(("0.28.0", text, True) for text in ("^0.28", "~0.28.0", "0.x", "^0.28.0", ">=0.27 <0.29")),
        *(("0.28.0", text, False) for text in ("^0.27", "~0.27", "^1", "^0.28.1", "0.27.x")),
    ],
    ids=lambda value: str(value) or "empty",
)
def test_ranges_of_versions(version: str, wanted: str, is_in: bool) -> None:
    assert satisfies(version, wanted) is is_in


@given(st.text(max_size=300))
def test_no_range_breaks_it(text: str) -> None:
    assert satisfies("1.0.0", text) in (True, False)
