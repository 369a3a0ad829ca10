"""Ends a stack whose tests were killed: it listens at a pipe that closes with them, whatever ends them."""

import subprocess
import sys
from pathlib import Path

from scripts.stack import processes

REPO = Path(__file__).resolve().parents[1]


def watch(run_dir: Path) -> "subprocess.Popen[bytes]":
    """Started beside a stack; `dismiss` it when the stack was ended as it should be."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.guardian", str(run_dir)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=REPO,
        start_new_session=True,
    )


def dismiss(guardian: "subprocess.Popen[bytes]") -> None:
    guardian.communicate(b"ended", timeout=30)


def main(run_dir: Path) -> None:
    if sys.stdin.buffer.read() == b"ended":
        return
    for file in sorted((run_dir / "pids").glob("*.json")):
        processes.stop(run_dir, file.stem, grace_seconds=5.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
