"""What each command does; returns its exit code."""

import argparse
from pathlib import Path

from libs.client import console as shown
from libs.client.context import DONE, NOT_SUCCEEDED, Context, usual_environment
from libs.client.documents import BadWords, job_of, line_of
from libs.client.downloads import save, target_of
from libs.client.errors import NotFound
from libs.client.jobs import FINAL, Document, written
from libs.client.keystores import asked_password, new_keystore, write_keystore
from libs.client.login import sign_in, sign_out
from libs.client.parser import Commands
from libs.client.sizes import shown_size
from libs.client.workflow_commands import WORKFLOW_COMMANDS

Words = argparse.Namespace


def login(context: Context, _: Words) -> int:
    def show(page: str, code: str, whole: str) -> None:
        context.console.problem(f"Open {page} in any browser and enter the code {code}\n(or open {whole})")

    tokens = sign_in(context.anonymous, show)
    with context.saved.locked():
        context.saved.put(context.anonymous.url, tokens)
    context.console.problem("You are signed in.")
    return DONE


def logout(context: Context, _: Words) -> int:
    ended = sign_out(context.anonymous, context.saved)
    context.console.problem("You are signed out." if ended else "Nobody was signed in.")
    return DONE


def whoami(context: Context, _: Words) -> int:
    found = context.jobs.whoami()
    if context.console.as_json:
        context.console.document(found)
    else:
        context.console.line(f"{found['name']} ({found['subject']})")
    return DONE


def keystore(context: Context, words: Words) -> int:
    """Its password comes from the terminal or from standard input. Nothing is sent anywhere."""
    made = new_keystore(asked_password(), words.label)
    write_keystore(Path(words.file), made)
    address = f"0x{made['address'].removeprefix('0x')}"
    if context.console.as_json:
        context.console.document({"file": words.file, "address": address})
    else:
        context.console.line(address)
    return DONE


def submit(context: Context, words: Words) -> int:
    document = job_of(words)
    if "environment" not in document:
        document["environment"] = usual_environment(context.jobs)
    if words.dry_run:
        context.console.document(context.jobs.validate(document))
        return DONE
    made = context.jobs.submit(document, words.key)
    if context.console.as_json:
        context.console.document(made)
    elif not words.follow:
        context.console.line(str(made["id"]))
    if words.follow:
        context.console.progress(f"job {made['id']}")
        for piece in context.jobs.follow_log(made["uid"]):
            context.console.data(piece)
    if words.follow or words.wait:
        return _outcome(context, made["uid"], None)
    return DONE


def list_jobs(context: Context, words: Words) -> int:
    chosen = {name: getattr(words, name) or "" for name in ("state", "name", "label", "dialect")}
    jobs = context.jobs.listed(words.most, **chosen)
    context.console.listed(shown.JOB_HEAD, jobs, shown.job_row)
    return DONE


def show(context: Context, words: Words) -> int:
    job = context.jobs.find(words.job)
    if context.console.as_json:
        context.console.document(job)
    else:
        for line in shown.job_lines(job):
            context.console.line(line)
    return DONE


def events(context: Context, words: Words) -> int:
    found = context.jobs.events(words.job)
    context.console.listed(("WHEN", "STATE", "BY", "WHY"), found, shown.event_row)
    return DONE


def logs(context: Context, words: Words) -> int:
    choice = {
        name: str(getattr(words, name)) for name in ("stream", "attempt") if getattr(words, name) is not None
    }
    read = context.jobs.follow_log if words.follow else context.jobs.log
    for piece in read(words.job, **choice):
        context.console.data(piece)
    return DONE


def streams(context: Context, words: Words) -> int:
    found = context.jobs.streams(words.job, words.attempt)
    if context.console.as_json:
        context.console.document(found)
    else:
        rows = [(entry["stream"], shown_size(entry["size"])) for entry in found["streams"]]
        context.console.table(("STREAM", "SIZE"), rows)
    return DONE


def environments(context: Context, _: Words) -> int:
    found = context.jobs.environments()
    head = ("ID", "ENGINE", "CPUS", "MEMORY", "DISK", "TIME", "JOBS", "PRICE")
    context.console.listed(head, found, shown.environment_row)
    return DONE


def quotas(context: Context, _: Words) -> int:
    found = context.jobs.quotas()
    if context.console.as_json:
        context.console.document(found)
    else:
        context.console.table(shown.QUOTA_HEAD, shown.quota_rows(found))
    return DONE


def wait(context: Context, words: Words) -> int:
    return _outcome(context, words.job, words.time)


def cancel(context: Context, words: Words) -> int:
    job = context.jobs.cancel(words.job)
    if context.console.as_json:
        context.console.document(job)
    else:
        context.console.progress(f"job {job['id']} is {'stopped' if job['state'] in FINAL else 'stopping'}")
    return DONE


def retry(context: Context, words: Words) -> int:
    return _again(context, context.jobs.retry(words.job))


def clone(context: Context, words: Words) -> int:
    return _again(context, context.jobs.clone(words.job))


def execute(context: Context, words: Words) -> int:
    done = context.jobs.execute(words.job, line_of(words.line))
    if context.console.as_json:
        context.console.document(done)
    else:
        context.console.data(written(done))
    if done["exit_code"] == 0:
        return DONE
    context.console.progress(f"exit code {done['exit_code']}")
    return NOT_SUCCEEDED


def delete(context: Context, words: Words) -> int:
    context.jobs.delete(words.job)
    return DONE


def outputs(context: Context, words: Words) -> int:
    found = context.jobs.outputs(words.job)
    context.console.listed(("PATH", "SIZE", "TYPE", "SHA-256"), found, shown.file_row)
    return DONE


def get(context: Context, words: Words) -> int:
    folder = Path(words.directory)
    if words.zip:
        if words.paths:
            raise BadWords("An archive holds all outputs: leave the paths out.")
        target = folder / f"{context.jobs.find(words.job)['uid']}.zip"
        with context.jobs.archive(words.job) as pieces:
            _saved(context, target, save(pieces, target))
        return DONE
    files = {file["path"]: file for file in context.jobs.outputs(words.job)}
    unknown = [path for path in words.paths if path not in files]
    if unknown:
        raise NotFound(404, {"title": f"The job has no output {unknown[0]}"})
    for path in words.paths or files:
        target = target_of(folder, path)
        with context.jobs.output(words.job, path) as pieces:
            _saved(context, target, save(pieces, target, files[path]))
    return DONE


def upload(context: Context, words: Words) -> int:
    source = Path(words.file)
    with source.open("rb") as handle:
        made = context.jobs.upload(words.name or source.name, handle)
    if context.console.as_json:
        context.console.document(made)
    else:
        context.console.line(f"{made['name']}  {shown_size(made['size'])}  sha256 {made['sha256']}")
    return DONE


COMMANDS: Commands = {
    **{
        "login": login,
        "logout": logout,
        "whoami": whoami,
        "keystore": keystore,
        "submit": submit,
        "list": list_jobs,
    },
    **{"show": show, "events": events, "logs": logs, "streams": streams, "environments": environments},
    **{"quotas": quotas, "wait": wait, "cancel": cancel, "retry": retry, "clone": clone, "delete": delete},
    **{"outputs": outputs, "get": get, "upload": upload, "exec": execute},
    **WORKFLOW_COMMANDS,
}


def _outcome(context: Context, ref: str, seconds: float | None) -> int:
    """Waits for the end, and tells how it was."""
    for event in context.jobs.wait(ref, seconds):
        context.console.progress(f"{shown.shown_time(event['at'])}  {event['to']}")
    job: Document = context.jobs.find(ref)
    if context.console.as_json:
        context.console.document(job)
    if job["state"] == "succeeded":
        return DONE
    for line in shown.reason_lines(job):
        context.console.problem(line)
    return NOT_SUCCEEDED


def _again(context: Context, made: Document) -> int:
    if context.console.as_json:
        context.console.document(made)
    else:
        context.console.line(str(made["id"]))
    return DONE


def _saved(context: Context, target: Path, size: int) -> None:
    if context.console.as_json:
        context.console.document({"file": str(target), "size": size})
    else:
        context.console.progress(f"{target}  {shown_size(size)}")
