"""What a worker of the server does before and after it loads the app; knows nothing of app or server."""

import gc
import multiprocessing
import signal


def end_when_told() -> None:
    """Let SIGTERM and SIGINT end this process at once, if it is a worker, until the server sets its handlers.

    granian forks its workers: each starts with a copy of the main process's handlers, which only note the
    signal. Told to stop while it still loads the app, a worker would forget it, and the main process wait for
    it. Call this before the first import that takes time.
    """
    if multiprocessing.parent_process() is None:
        return
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def settle() -> None:
    """Take what the app is made of out of the collector's view: it lasts as long as the process does.

    Without this each full collection walks the whole heap again in the middle of requests. Call it last.
    """
    gc.collect()
    gc.freeze()
