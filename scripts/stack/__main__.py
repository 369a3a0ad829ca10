"""`python -m scripts.stack up|down|status|reload|restart NAME`."""

import sys

from scripts.stack.up import main

sys.exit(main(sys.argv[1:]))
