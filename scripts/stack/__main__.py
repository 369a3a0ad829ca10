"""`python -m scripts.stack up|down|status|restart NAME`."""

import sys

from scripts.stack.up import main

sys.exit(main(sys.argv[1:]))
