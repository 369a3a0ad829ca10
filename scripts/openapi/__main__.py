"""`python -m scripts.openapi`: write docs/openapi/*.json anew from the code."""

from scripts.openapi.documents import FOLDER, documents, text


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    written = {FOLDER / f"{name}.json": text(content) for name, content in documents().items()}
    for path in FOLDER.glob("*.json"):
        if path not in written:
            path.unlink()
    for path, content in written.items():
        path.write_text(content)
        print(path.relative_to(FOLDER.parents[1]))


if __name__ == "__main__":
    main()
