"""`python -m scripts.conformance`: write docs/conformance.md anew from the tests."""

import sys

from scripts.conformance.marks import NotCollected, collect, marked_files
from scripts.conformance.page import FILE, Unsettled, page
from scripts.conformance.table import clauses
from scripts.stack.config import REPO


def main() -> int:
    try:
        text = page(clauses(), collect(marked_files()))
    except (NotCollected, Unsettled) as error:
        print(error, file=sys.stderr)
        return 1
    FILE.write_text(text)
    print(FILE.relative_to(REPO))
    return 0


if __name__ == "__main__":
    sys.exit(main())
