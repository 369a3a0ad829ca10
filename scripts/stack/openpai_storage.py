"""What the native stack's storage for OpenPAI's jobs begins with: written once, and the developer's own from
then on.
"""

from pathlib import Path

README = """This folder is what jobs of OpenPAI's window call `hdfs://code`: a job with
`"codeDir": "hdfs://code"` begins with a copy of it. Beside it, `Output/<user>/<job>` is where jobs write.
docs/dialects/openpai.md tells more.
"""
TRAIN = '''"""An example for `"command": "python train.py"`: fits a line, and leaves what it found where the
next job can read it.
"""

import json
import os
import random

TRUE_SLOPE, TRUE_START = 3.0, -1.0


def main() -> None:
    dice = random.Random(1)
    points = [(x / 10, TRUE_SLOPE * x / 10 + TRUE_START + dice.gauss(0, 0.1)) for x in range(100)]
    slope = start = 0.0
    for step in range(2001):
        wrong = [(slope * x + start - y, x) for x, y in points]
        slope -= 0.01 * 2 * sum(error * x for error, x in wrong) / len(points)
        start -= 0.01 * 2 * sum(error for error, _ in wrong) / len(points)
        if step % 500 == 0:
            loss = sum(error * error for error, _ in wrong) / len(points)
            print(f"step {step}: loss {loss:.4f}", flush=True)
    folder = os.environ.get("PAI_OUTPUT_DIR", ".")
    with open(os.path.join(folder, "model.json"), "w") as file:
        json.dump({"slope": slope, "start": start}, file)


main()
'''


def ensure(folder: Path) -> Path:
    code = folder / "code"
    if not code.exists():
        code.mkdir(parents=True)
        (code / "README.md").write_text(README, encoding="utf-8")
        (code / "train.py").write_text(TRAIN, encoding="utf-8")
    return folder
