"""How a task begins: a script of ours, inside the job, brings it its home, its code and its ports, and gives
way to the user's, which is a file of its own and no part of ours (contract 7.3).

Everything a user wrote comes to it as one word of its command, never as a part of its text.
"""

from collections.abc import Sequence
from typing import Final

from services.compute.dialects.openpai.translate.ports import Block

OWN: Final = "/pai"  # what the job brings, nobody writes there
HOMES: Final = "/pai-home"  # below it, of each role, a home for each task
OUTPUT: Final = "/pai-output"
START: Final = f"{OWN}/start"
CODE: Final = f"{OWN}/code"
DATA: Final = f"{OWN}/data"

SCRIPT: Final = r"""# COMMAND HOME CODE FOLDER WORK, and of each label: LABEL FIRST NUMBER STEP
command=$1 home=$2 code=$3 folder=$4 work=$5
shift 5
fail() { echo "$1" >&2; exit 1; }
mkdir -p -- "$home" "$work" || fail "The task's home cannot be made."
if [ -d "$code" ]; then
  mkdir -p -- "$folder" || fail "The folder for codeDir cannot be made."
  cp -R -- "$code/." "$folder" || fail "codeDir cannot be read."
elif [ -n "$code" ]; then
  cp -- "$code" "$work/" || fail "codeDir is not there, or cannot be read."
fi
set_to=() all= http= ssh=
while [ "$#" -ge 4 ]; do
  list=
  for ((number = 0; number < $3; number++)); do
    list+=,$(($2 + TIDEGATE_INDEX * $4 + number))
  done
  list=${list:1}
  all+="$1:$list;"
  set_to+=("PAI_CONTAINER_HOST_$1_PORT_LIST=$list")
  safe=${1//[^A-Za-z0-9_]/_}
  if [ "$safe" != "$1" ]; then set_to+=("PAI_CONTAINER_HOST_${safe}_PORT_LIST=$list"); fi
  if [ "$1" = http ]; then http=${list%%,*}; fi
  if [ "$1" = ssh ]; then ssh=${list%%,*}; fi
  shift 4
done
set_to+=("PAI_CONTAINER_HOST_PORT_LIST=$all" "PAI_CONTAINER_HOST_PORT=$http")
set_to+=("PAI_CURRENT_CONTAINER_PORT=$http" "PAI_CONTAINER_SSH_PORT=$ssh")
cd -- "$work" || fail "The task's working folder cannot be entered."
exec env "${set_to[@]}" bash "$command"
"""


def home_of(core: str) -> str:
    """Each task's own."""
    return f"{HOMES}/{core}/${{TIDEGATE_INDEX}}"


def command_file(number: int) -> str:
    return f"{OWN}/command-{number}"


def command_of(number: int, home: str, code: "Code", blocks: Sequence[Block]) -> tuple[str, ...]:
    """Of role `number`."""
    ports = [
        word
        for block in blocks
        for word in (block.label, str(block.first), str(block.number), str(block.step))
    ]
    return (
        "bash",
        START,
        command_file(number),
        home,
        code.source,
        code.folder(home),
        code.work(home),
        *ports,
    )


class Code:
    """Where codeDir comes to. The seed's generation works in `$HOME/code`; v1 above it, and the folder has
    the name that codeDir ends with.
    """

    def __init__(self, name: str | None, is_v1: bool) -> None:
        """`name` is None without a codeDir."""
        self.source = "" if name is None else f"{CODE}/{name}"
        self._name = (name or "") if is_v1 else "code"
        self._is_v1 = is_v1

    def folder(self, home: str) -> str:
        return f"{home}/{self._name}" if self._name else home

    def work(self, home: str) -> str:
        return home if self._is_v1 else self.folder(home)
