"""The command line's words: what each command takes."""

import argparse
from collections.abc import Callable
from typing import Any

from libs.client.sizes import seconds_of

DEFAULT_URL = "http://127.0.0.1:8030"
EPILOG = """exit codes: 0 done; 1 the job, the workflow or the command did not succeed; 2 the command line is
wrong; 3 the gateway refused; 4 not signed in, or not allowed; 5 the gateway does not answer; 6 no such job,
workflow or file; 7 waited long enough"""
Command = Callable[..., int]
Commands = dict[str, Command]
Parsers = Any  # argparse keeps the class of its sub-parsers to itself


def build(commands: Commands) -> argparse.ArgumentParser:
    """`commands` by name, each called with the context and the parsed words."""
    parser = argparse.ArgumentParser(
        prog="tidegate",
        description="Jobs on a Tidegate gateway.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--url", help=f"the gateway ($TIDEGATE_URL, else {DEFAULT_URL})")
    parser.add_argument("--token", help="a token ($TIDEGATE_TOKEN, else the one that `login` kept)")
    parser.add_argument("--json", action="store_true", help="answers as JSON, one document a line")
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    parsers = parser.add_subparsers(metavar="COMMAND", required=True)
    for add in (_signing_in, _taking, _looking, _changing, _fetching, _workflows):
        add(parsers, commands)
    return parser


def _signing_in(parsers: Parsers, commands: Commands) -> None:
    _command(parsers, commands, "login", "sign in with a code that you enter in a browser")
    _command(parsers, commands, "logout", "end what `login` began")
    _command(parsers, commands, "whoami", "who the gateway takes you for")
    keystore = _command(
        parsers, commands, "keystore", "make an identity keystore, as DCP's users sign in with"
    )
    keystore.add_argument("file", nargs="?", default="id.keystore", help="where to (id.keystore)")
    keystore.add_argument("--label", help="a name for the identity")


def _taking(parsers: Parsers, commands: Commands) -> None:
    submit = _command(parsers, commands, "submit", "run a command, or a job that a file describes")
    submit.add_argument("command", nargs=argparse.REMAINDER, help="-- and the command with its arguments")
    submit.add_argument("-s", "--spec", help="a JSON file with the job, - for standard input; options win")
    submit.add_argument("-e", "--environment", help="where it runs; the first one without a price by default")
    submit.add_argument("-i", "--image")
    submit.add_argument("-n", "--name")
    submit.add_argument("-l", "--label", action="append", default=[], metavar="NAME=VALUE")
    submit.add_argument("-v", "--variable", action="append", default=[], metavar="NAME=VALUE")
    submit.add_argument(
        "-f",
        "--file",
        action="append",
        default=[],
        metavar="FILE[:PATH]",
        help="a file that the job gets, as PATH in its working folder",
    )
    submit.add_argument("-o", "--output", action="append", default=[], metavar="PATTERN", help="what is kept")
    submit.add_argument("--cpus", type=float)
    submit.add_argument("--memory", help='such as "2 GiB"')
    submit.add_argument("--disk")
    submit.add_argument("--time", type=seconds_of, help="the longest it may run: 90, 15m, 2h, 1d")
    submit.add_argument("--attempts", type=int, help="how often it is tried when the fault is not its own")
    submit.add_argument("--key", help="an idempotency key: the same one never makes two jobs")
    submit.add_argument("--dry-run", action="store_true", help="check it, and show what would be taken")
    submit.add_argument("--follow", action="store_true", help="show its log and wait for its end")
    submit.add_argument("--wait", action="store_true", help="wait for its end")


def _looking(parsers: Parsers, commands: Commands) -> None:
    listed = _command(parsers, commands, "list", "your jobs, the newest first")
    listed.add_argument("--state", help="comma list: queued, running, succeeded, failed, ...")
    listed.add_argument("--name")
    listed.add_argument("--label", metavar="NAME=VALUE")
    listed.add_argument("--dialect", help="the window they came through")
    listed.add_argument("-n", "--most", type=int, default=50, help="how many (50)")
    _job(_command(parsers, commands, "show", "everything about one job"))
    _job(_command(parsers, commands, "events", "what happened to a job"))
    logs = _job(_command(parsers, commands, "logs", "what a job wrote"))
    logs.add_argument("-f", "--follow", action="store_true", help="go on until it has ended")
    logs.add_argument("--stream", help="another one than the main one; `tidegate streams` lists them")
    logs.add_argument("--attempt", type=int)
    streams = _job(_command(parsers, commands, "streams", "the log streams of a job"))
    streams.add_argument("--attempt", type=int)
    _command(parsers, commands, "environments", "where jobs may run")
    _command(parsers, commands, "quotas", "what you have under way, and may have")


def _changing(parsers: Parsers, commands: Commands) -> None:
    wait = _job(_command(parsers, commands, "wait", "until a job has ended"))
    wait.add_argument("--time", type=seconds_of, help="no longer than this: 90, 15m, 2h")
    _job(_command(parsers, commands, "cancel", "stop a job"))
    _job(_command(parsers, commands, "retry", "run a failed or stopped job again, as a new one"))
    _job(_command(parsers, commands, "clone", "run a job again, as a new one"))
    execute = _job(_command(parsers, commands, "exec", "run a command inside of a running job"))
    execute.add_argument("line", nargs=argparse.REMAINDER, help="-- and the command, or one line of shell")
    _job(_command(parsers, commands, "delete", "stop a job and take it out of the lists"))


def _fetching(parsers: Parsers, commands: Commands) -> None:
    _job(_command(parsers, commands, "outputs", "the files that a job left"))
    get = _job(_command(parsers, commands, "get", "fetch outputs of a job"))
    get.add_argument("paths", nargs="*", help="some of them; all by default")
    get.add_argument("-d", "--directory", default=".", help="where to (here)")
    get.add_argument("--zip", action="store_true", help="all of them in one archive")
    upload = _command(parsers, commands, "upload", "keep a file for jobs to come (a sandbox)")
    upload.add_argument("file")
    upload.add_argument("--name", help="its name in inputs: {'path': ..., 'sandbox': NAME}; the file's own")


def _workflows(parsers: Parsers, commands: Commands) -> None:
    text = "jobs that wait for each other"
    group = parsers.add_parser("workflow", help=text, description=text)
    inner = group.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        parser = _command(inner, commands, f"workflow {name}", text, name)
        if name not in ("submit", "list"):
            parser.add_argument("workflow", help="its number or uid")
        return parser

    submit = command("submit", "run a workflow that a file describes")
    submit.add_argument("file", help="a JSON file with the workflow, - for standard input; options win")
    submit.add_argument("-n", "--name")
    submit.add_argument("-l", "--label", action="append", default=[], metavar="NAME=VALUE")
    submit.add_argument("--key", help="an idempotency key: the same one never makes two workflows")
    submit.add_argument("--dry-run", action="store_true", help="check it, and show what would be taken")
    listed = command("list", "your workflows, the newest first")
    listed.add_argument("--state", help="comma list: pending, running, succeeded, failed, cancelled")
    listed.add_argument("--name")
    listed.add_argument("--label", metavar="NAME=VALUE")
    listed.add_argument("--dialect", help="the window they came through")
    listed.add_argument("-n", "--most", type=int, default=50, help="how many (50)")
    command("show", "one workflow with its steps, and how far each is")
    jobs = command("jobs", "the jobs of a workflow that were made so far")
    jobs.add_argument("--step", help="of this step alone")
    jobs.add_argument("--state", help="comma list: queued, running, succeeded, failed, ...")
    jobs.add_argument("-n", "--most", type=int, default=50, help="how many (50)")
    command("cancel", "stop a workflow")
    rerun = command("rerun", "run what did not go well again, as a new workflow")
    clone = command("clone", "run a workflow again, as a new one")
    for parser in (submit, rerun, clone):
        parser.add_argument("--wait", action="store_true", help="wait for its end")


def _command(
    parsers: Parsers, commands: Commands, name: str, text: str, word: str | None = None
) -> argparse.ArgumentParser:
    """`name` is its name in `commands`, `word` the one that is typed where that is another."""
    parser: argparse.ArgumentParser = parsers.add_parser(word or name, help=text, description=text)
    parser.set_defaults(run=commands[name])
    return parser


def _job(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("job", help="its number or uid")
    return parser
