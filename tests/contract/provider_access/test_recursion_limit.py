"""Nothing the provider loads may raise the recursion limit: nested JSON would then crash the process."""

import subprocess
import sys


def test_deep_json_cannot_crash_a_process_that_loaded_the_provider() -> None:
    program = (
        "import json, sys; import services.provider.wiring;"
        "print(sys.getrecursionlimit());"
        "json.loads('[' * 1_000_000)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "1000"
    assert "RecursionError" in done.stderr
