"""One whole journey of a dApp user against the running stack, with what goes over the wire.

An unmodified ocean.js drives it; `wire.cjs` only listens to the HTTP calls of the Node process.
"""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

from scripts.stack.config import from_environment
from scripts.stack.up import stack_file

HERE = Path(__file__).parent
SAMPLE = "station,time,height_m\n" + "".join(
    f"harbour,{2026:04}-01-01T{hour:02}:{minute:02}:00Z,{(hour * 7 + minute) % 50 / 10:.1f}\n"
    for hour in range(24)
    for minute in range(0, 60, 10)
)


def main() -> int:
    config = from_environment()
    stack = json.loads(stack_file(config).read_text())
    sample = config.run_dir / "sample" / "files" / "tides.csv"
    sample.write_text(SAMPLE)
    subprocess.run([str(HERE.parent / "setup" / "node.sh"), "scripts/demo"], check=True)
    chain = stack["chains"][0]
    environ = os.environ | {
        "GATEWAY": stack["gateway"],
        "RPC": chain["rpc"],
        "CHAIN_ID": str(chain["id"]),
        "MNEMONIC": stack["mnemonic"],
        "ADDRESS_FILE": stack["address_file"],
        "FILE_URL": f"{stack['sample_origin']}/tides.csv",
        "FILE_SHA256": hashlib.sha256(SAMPLE.encode()).hexdigest(),
    }
    return subprocess.run(["node", str(HERE / "journey.cjs")], env=environ, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
