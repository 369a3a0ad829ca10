"""Started in the sandbox as `python3 -I main.py <folder> [executor]`: the folder holds these programs, at
their own names, with job.json and work.txt.
"""

import sys


def main() -> None:
    folder = sys.argv[1]
    sys.path.insert(0, folder)
    if sys.argv[2:] == ["executor"]:
        from services.compute.slicework.inside.python import executor

        executor.main(folder)
    else:
        from services.compute.slicework.inside.python import supervisor

        supervisor.main(folder)


if __name__ == "__main__":
    main()
