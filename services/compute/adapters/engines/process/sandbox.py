"""What a sandbox looks like from inside, as bubblewrap's options."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from services.compute.adapters.engines.process import loading
from services.compute.adapters.engines.process.images import LINKS, SYSTEM_PATH, Program
from services.compute.adapters.engines.process.machine import Identity, Tools
from services.compute.ports.engines import Mount, RunSpec

HOME, SHM, TMP = "home", "shm", "tmp"  # folders of the scratch
_HOME_INSIDE = "/home/job"
_ALONE = ("--unshare-ipc", "--unshare-pid", "--unshare-uts", "--unshare-cgroup-try")
_SYSTEM_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_ETC = (
    "alternatives", "ca-certificates", "fonts", "ld.so.cache", "ld.so.conf", "ld.so.conf.d",
    "localtime", "magic", "mime.types", "perl", "ssl/certs", "ssl/openssl.cnf", "terminfo", "timezone",
)  # fmt: skip
RESERVED = ("proc", "dev", "sys", "usr", "etc", "opt", *_SYSTEM_LINKS)
"""Top folders that no mount may lie in."""


def system_options(identity: Identity, tools: Tools) -> list[str]:
    """An empty machine with this one's programs."""
    options = [*_ALONE, *identity.options(tools), "--die-with-parent", "--new-session", "--hostname", "job"]
    options += ["--ro-bind", "/usr", "/usr"]
    for name in _SYSTEM_LINKS:
        if os.path.islink(f"/{name}"):
            options += ["--symlink", os.readlink(f"/{name}"), f"/{name}"]
        elif os.path.isdir(f"/{name}"):
            options += ["--ro-bind", f"/{name}", f"/{name}"]
    options += ["--dir", "/etc", "--dir", "/etc/ssl"]
    for name in _ETC:
        options += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return [*options, "--proc", "/proc", "--dev", "/dev"]


def run_options(spec: RunSpec, program: Program, identity: Identity, tools: Tools, folder: Path) -> list[str]:
    """`folder` is the run's own, with `scratch` and `etc` in it."""
    options = system_options(identity, tools)
    if not spec.network and spec.member is None:  # a member's supervisor has joined its network
        options.append("--unshare-net")
    options.append("--clearenv")
    variables = environment_of(spec.environment)
    for name, value in (loading.for_starter(variables) if identity.is_own else variables).items():
        options += ["--setenv", name, value]
    for name in sorted(os.listdir(folder / "etc")):
        options += ["--ro-bind", str(folder / "etc" / name), f"/etc/{name}"]
    for tree in program.trees:
        options += [*_parents(tree), "--ro-bind", tree, tree]
    options += _parents(f"{LINKS}/x")
    for name, target in program.links.items():
        options += ["--symlink", target, f"{LINKS}/{name}"]
    scratch = folder / "scratch"
    options += ["--bind", str(scratch / TMP), "/tmp", *_parents("/var/tmp"), "--symlink", "/tmp", "/var/tmp"]  # noqa: S108 - inside
    options += [*_parents(_HOME_INSIDE), "--bind", str(scratch / HOME), _HOME_INSIDE]
    options += ["--bind", str(scratch / SHM), "/dev/shm"]  # noqa: S108
    for mount in by_depth(spec.mounts):
        if not is_inside(mount.path, spec.mounts):
            options += _parents(mount.path)
        options += ["--bind" if mount.writable else "--ro-bind", str(mount.host), mount.path]
    where = spec.working_folder or "/"
    if where != "/" and not is_inside(f"{where}/x", spec.mounts):
        options += [*_parents(where), "--dir", where]
    return [*options, "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", where]


def environment_of(given: Mapping[str, str]) -> Mapping[str, str]:
    """The run's own words win."""
    usual = {"PATH": f"{LINKS}:{SYSTEM_PATH}", "HOME": _HOME_INSIDE, "TMPDIR": "/tmp", "LANG": "C.UTF-8"}  # noqa: S108
    return {**usual, "USER": "job", "LOGNAME": "job", **given}


def etc_files(identity: Identity, network: bool) -> Mapping[str, str]:
    job = f"job:x:{identity.uid}:{identity.gid}::{_HOME_INSIDE}:/bin/sh\n"
    files = {
        "passwd": f"root:x:0:0:root:/:/usr/sbin/nologin\n{job}",
        "group": f"root:x:0:\njob:x:{identity.gid}:\n",
        "hosts": "127.0.0.1 localhost\n::1 localhost\n127.0.1.1 job\n",
        "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    }
    if network:
        files["resolv.conf"] = Path("/etc/resolv.conf").read_text(encoding="utf-8", errors="replace")
    return files


def by_depth(mounts: Sequence[Mount]) -> list[Mount]:
    """Outer ones first: a mount may lie in another."""
    return sorted(mounts, key=lambda mount: len(PurePosixPath(mount.path).parts))


def is_inside(path: str, mounts: Sequence[Mount]) -> bool:
    """Below one of them, not one of them."""
    wanted = PurePosixPath(path)
    return any(path != mount.path and wanted.is_relative_to(mount.path) for mount in mounts)


def _parents(path: str) -> list[str]:
    """Open to the job: bubblewrap would make them for itself alone."""
    above = [str(folder) for folder in reversed(PurePosixPath(path).parents) if str(folder) != "/"]
    return [word for folder in above for word in ("--dir", folder)]
