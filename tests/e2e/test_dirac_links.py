"""Jobs, files and datasets together: what a job made is a file of the catalogue, another job reads it, and a
dataset asset names it.
"""

import hashlib
import json
from typing import Any

import pytest
import requests

from tests.e2e.dirac_user import MANAGER, SECONDS, Member, add_member
from tests.stack import Stack
from tests.waiting import wait_for

pytestmark = pytest.mark.clause("dirac 2.13")

CONTENT = b"histogram\n" * 1000
MAKE = {
    "Executable": "/bin/sh",
    "Arguments": "-c 'for i in $(seq 1000); do echo histogram; done > hist.txt; echo more > b.txt'",
    "OutputSandbox": ["hist.txt", "b.txt"],
}


@pytest.fixture(scope="module")
def boss(stack: Stack) -> Member:
    member = add_member(stack, "links-boss", "linkvo", "linkvo_admin", MANAGER)
    for name, kind, scope in (("run", "int", "file"), ("detector", "string", "directory")):
        field = {"name": name, "type": kind, "scope": scope}
        member.did("POST", "/filecatalogue/metadata/fields", json=field)
    return member


@pytest.fixture(scope="module")
def alice(stack: Stack, boss: Member) -> Member:
    return add_member(stack, "links-alice", "linkvo", "linkvo_user")


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Member:
    return add_member(stack, "links-stranger", "othervo", "othervo_user")


def made(alice: Member, lfn: str, **more: Any) -> int:
    """A job whose output has become a file."""
    jid = alice.submit(MAKE)
    assert alice.ended(jid)["status"] == "Done"
    body = {"files": [{"path": "hist.txt", "lfn": lfn, **more}]}
    told = alice.did("POST", f"/jobs/{jid}/outputdata", json=body)
    assert told == {"Successful": {lfn: True}, "Failed": {}}
    return jid


def test_an_output_becomes_a_file_in_one_step_with_metadata_and_ancestors(alice: Member) -> None:
    raw, lfn = "/linkvo/raw/a.dat", "/linkvo/user/alice/hist.txt"
    alice.did("PUT", alice.file(raw), json={"Size": 5, "SE": "CERN", "PFN": "srm://cern/a.dat"})
    jid = made(alice, lfn, metadata={"run": 11414}, ancestors=[raw])
    attributes = alice.did("GET", alice.file(lfn, "/attributes"))
    assert (attributes["Size"], attributes["Owner"]) == (len(CONTENT), "links-alice")
    assert attributes["ChecksumType"].upper() == "SHA256"
    assert attributes["Checksum"] == hashlib.sha256(CONTENT).hexdigest()
    assert alice.did("GET", alice.file(lfn, "/metadata"))["run"] == 11414
    assert alice.did("GET", alice.file(lfn, "/ancestors")) == {raw: 1}
    assert alice.did("GET", alice.file(raw, "/descendants")) == {lfn: 1}
    again = alice.did("POST", f"/jobs/{jid}/outputdata", json={"files": [{"path": "hist.txt", "lfn": lfn}]})
    assert again["Successful"] == {lfn: True}
    other = alice.did("POST", f"/jobs/{jid}/outputdata", json={"files": [{"path": "b.txt", "lfn": lfn}]})
    assert list(other["Failed"]) == [lfn]


def test_its_bytes_whole_in_part_and_for_those_who_may(
    alice: Member, boss: Member, stranger: Member, stack: Stack
) -> None:
    lfn = "/linkvo/user/alice/bytes.txt"
    made(alice, lfn)
    path = alice.file(lfn, "/download")
    whole = alice.ask("GET", path)
    assert (whole.status_code, whole.content) == (200, CONTENT)
    assert "filename=bytes.txt" in whole.headers["Content-Disposition"]
    part = alice.ask("GET", path, headers={"Range": "bytes=10-18"})
    assert (part.status_code, part.content) == (206, b"histogram")
    assert alice.ask("GET", path, headers={"If-None-Match": whole.headers["ETag"]}).status_code == 304
    assert boss.ask("GET", path).content == CONTENT
    assert stranger.ask("GET", path).status_code == 404
    assert requests.get(stack.gateway + path, timeout=SECONDS).status_code == 401
    assert requests.get(f"{stack.gateway}/internal/files/{lfn}", timeout=SECONDS).status_code == 404


def test_a_file_is_a_jobs_input_and_its_owners_alone(alice: Member, stranger: Member) -> None:
    lfn = "/linkvo/user/alice/input.txt"
    made(alice, lfn)
    manifest = {"Executable": "/usr/bin/wc", "Arguments": "-c input.txt", "InputData": [f"LFN:{lfn}"]}
    jid = alice.submit(manifest)
    assert alice.ended(jid)["status"] == "Done"
    assert alice.ask("GET", f"/jobs/{jid}/outputsandbox/std.out").text.split() == ["10000", "input.txt"]
    refused = stranger.ask("POST", "/jobs", json=manifest)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_manifest")
    assert lfn in refused.text


def test_output_data_registers_itself(alice: Member) -> None:
    manifest = {**MAKE, "OutputData": ["hist.txt"], "OutputPath": "/linkvo/user/alice/auto"}
    jid = alice.submit(manifest)
    assert alice.ended(jid)["status"] == "Done"
    lfn = "/linkvo/user/alice/auto/hist.txt"
    wait_for(
        lambda: alice.ask("GET", alice.file(lfn, "/attributes")).status_code == 200, f"{lfn} to be there"
    )
    assert alice.ask("GET", alice.file(lfn, "/download")).content == CONTENT


def test_a_dataset_names_a_file_until_its_share_ends(alice: Member, stranger: Member, stack: Stack) -> None:
    lfn = "/linkvo/user/alice/sold.txt"
    made(alice, lfn)
    share = alice.did("POST", alice.file(lfn, "/share"))
    assert (share["type"], share["lfn"]) == ("lfn", lfn)

    def look() -> Any:
        url = f"{stack.gateway}/api/services/fileinfo"
        answer = requests.post(url, json={**share, "checksum": "1"}, timeout=SECONDS)
        assert answer.status_code == 200, answer.text
        assert share["share"] not in answer.text  # whoever asks may be anybody
        return answer.json()[0]

    seen = look()
    assert (seen["valid"], int(seen["contentLength"])) == (True, len(CONTENT))
    assert seen["filename"] == "sold.txt"
    assert seen["checksum"] == hashlib.sha256(CONTENT).hexdigest()
    assert stranger.ask("POST", alice.file(lfn, "/share")).status_code == 404
    forged = {**share, "share": "A" * len(share["share"])}
    answer = requests.post(f"{stack.gateway}/api/services/fileinfo", json=forged, timeout=SECONDS)
    assert json.loads(answer.text)[0]["valid"] is False
    assert alice.did("DELETE", alice.file(lfn, "/share"))["ended"] == 1
    assert look()["valid"] is False


def test_nobody_brings_a_pfn_of_ours(alice: Member, stranger: Member) -> None:
    lfn = "/linkvo/user/alice/own.txt"
    made(alice, lfn)
    guid = alice.did("GET", alice.file(lfn, "/attributes"))["GUID"]
    pfn = f"tidegate:catalogue:files/{guid[:2]}/{guid}"
    body = {"Size": 1, "SE": "TIDEGATE", "PFN": pfn}
    answer = stranger.ask("PUT", stranger.file("/othervo/stolen.txt"), json=body)
    assert answer.status_code == 403
    body["SE"] = "ELSEWHERE"
    assert stranger.ask("PUT", stranger.file("/othervo/other.txt"), json=body).status_code == 403
    assert stranger.ask("GET", stranger.file("/othervo/other.txt", "/download")).status_code == 404
