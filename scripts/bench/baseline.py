"""nginx alone in front of the same origin: what a download could at best be."""

import contextlib
import os
import socket
from collections.abc import Iterator

from scripts.stack.config import REPO, StackConfig
from scripts.stack.gateway import command
from scripts.stack.processes import answers, start, stop, wait_until


@contextlib.contextmanager
def nginx_alone(config: StackConfig) -> Iterator[str]:
    """Run an nginx that only proxies the sample origin, with the gateway's buffers; yields its URL."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = config.run_dir / "baseline"
    folder.mkdir(exist_ok=True)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    conf = folder / "nginx.conf"
    conf.write_text(
        f"""worker_processes 2;
pid {folder}/nginx.pid;
events {{ worker_connections 512; }}
http {{
    access_log off;
    {temporary}
    proxy_http_version 1.1;
    proxy_max_temp_file_size 0;
    proxy_buffer_size 64k;
    proxy_buffers 16 64k;
    proxy_busy_buffers_size 256k;
    server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass {config.sample_origin}; }} }}
}}
"""
    )
    process = start("baseline", command(conf), os.environ, config.run_dir, REPO)
    try:
        wait_until(process, lambda: answers(f"http://127.0.0.1:{port}/", (200, 403, 404)), "answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(config.run_dir, "baseline")
