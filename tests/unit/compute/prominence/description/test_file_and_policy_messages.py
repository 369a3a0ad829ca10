"""What inputs, outputs, policies and notifications of a job are refused with (contract 2.1, 2.4)."""

from typing import Any

import pytest

from tests.fakes.prominence_documents import a_job, refusal

pytestmark = pytest.mark.clause("prominence 2.1", "prominence 2.4")


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"inputs": {}}, "/inputs: an array of inputs must be provided"),
        (
            {"inputs": [{"filename": "a", "content": "", "mode": 1}]},
            '/inputs/0/mode: invalid item "mode" in input',
        ),
        ({"inputs": [{"content": ""}]}, "/inputs/0: each input must contain a filename"),
        ({"inputs": [{"filename": "a/..", "content": ""}]}, "/inputs/0: each input must contain a filename"),
        ({"inputs": [{"filename": "a"}]}, "/inputs/0: each input must contain base64 encoded content"),
        (
            {"inputs": [{"filename": "a", "content": "é"}]},
            "/inputs/0: each input must contain base64 encoded content",
        ),
        ({"inputs": [{"filename": "a", "content": "YQ=="}] * 2}, "/inputs/1: Another input has this path."),
        ({"inputs": ["a"]}, "/inputs/0: each input must be a dict"),
        ({"artifacts": {}}, "/artifacts: an array of artifacts must be provided"),
        ({"artifacts": ["x"]}, "/artifacts/0: each artifact must be a dict"),
        ({"artifacts": [{"url": "x", "to": 1}]}, '/artifacts/0/to: invalid item "to" in artifact'),
        ({"artifacts": [{}]}, "/artifacts/0: an artifact must contain a URL"),
        (
            {"artifacts": [{"url": "ftp://h/x"}]},
            "/artifacts/0/url: Only http and https URLs are fetched.",
        ),
        (
            {"artifacts": [{"url": "http://u:p@h/x"}]},
            "/artifacts/0/url: A URL must not hold a user name or password.",
        ),
        (
            {"artifacts": [{"url": "http://h/"}]},
            "/artifacts/0/url: an artifact's URL must end in the name of a file",
        ),
        (
            {"artifacts": [{"url": "a/../b"}]},
            "/artifacts/0/url: Not authorized to access artifact a/../b",
        ),
        (
            {"artifacts": [{"url": "physics/../b"}]},
            "/artifacts/0/url: Artifact physics/../b does not exist",
        ),
        (
            {"artifacts": [{"url": "physicsx/b"}]},
            "/artifacts/0/url: Not authorized to access artifact physicsx/b",
        ),
        (
            {"artifacts": [{"url": "x", "mountpoint": "y"}]},
            "/artifacts/0/mountpoint: invalid mountpoint for artifact",
        ),
        (
            {"artifacts": [{"url": "x", "mountpoint": "a/b:/c"}]},
            "/artifacts/0/mountpoint: invalid source in mountpoint for artifact",
        ),
        (
            {"artifacts": [{"url": "x", "mountpoint": "a:c"}]},
            "/artifacts/0/mountpoint: the mountpoint for an artifact must be an absolute path",
        ),
        (
            {"artifacts": [{"url": "x", "mountpoint": "a:/etc/c"}]},
            "/artifacts/0/mountpoint: This place belongs to the image: choose another, like /work or /data.",
        ),
        ({"outputFiles": "x"}, "/outputFiles: outputFiles must be a list of strings"),
        ({"outputFiles": [1]}, "/outputFiles: outputFiles must be a list of strings"),
        ({"outputDirs": [None]}, "/outputDirs: outputDirs must be a list of strings"),
        (
            {"outputFiles": ["/etc/passwd"]},
            "/outputFiles/0: Outputs are kept from the job's own writable folders only.",
        ),
        (
            {"outputDirs": ["../../etc"]},
            "/outputDirs/0: Outputs are kept from the job's own writable folders only.",
        ),
    ],
)
def test_files(more: dict[str, Any], text: str) -> None:
    assert refusal(a_job(**more)) == text


@pytest.mark.parametrize(
    ("policies", "text"),
    [
        ([], ": policies must be a dict"),
        ({"retries": 1}, '/retries: invalid item "retries" in policies'),
        ({"maximumRetries": 0}, "/maximumRetries: the number of retries must be greater than 0"),
        ({"maximumRetries": 7}, "/maximumRetries: the number of retries must be at most 6"),
        ({"maximumRetries": "2"}, "/maximumRetries: the number of retries must be an integer"),
        ({"maximumTaskRetries": 7}, "/maximumTaskRetries: the number of task retries must be at most 6"),
        (
            {"maximumTimeInQueue": -2},
            "/maximumTimeInQueue: the maximum time in queue must be -1, 0 or greater than 0",
        ),
        (
            {"maximumTimeInQueue": 44641},
            "/maximumTimeInQueue: the maximum time in queue must be at most 44640",
        ),
        (
            {"maximumIdleTimePerResource": 0},
            "/maximumIdleTimePerResource: the maximum idle time per resource must be greater than 0",
        ),
        ({"leaveInQueue": "yes"}, "/leaveInQueue: leaveInQueue must be either true or false"),
        ({"ignoreTaskTailures": 1}, "/ignoreTaskFailures: ignoreTaskFailures must be either true or false"),
        (
            {"ignoreTaskTailures": True, "ignoreTaskFailures": False},
            "/ignoreTaskTailures: ignoreTaskTailures and ignoreTaskFailures must not differ",
        ),
        ({"priority": -1}, "/priority: the priority must be at least 0"),
        ({"autoScalingType": "x"}, "/autoScalingType: autoScalingType must be none, dedicated or shared"),
        ({"placement": []}, "/placement: placement must be a dict"),
        ({"placement": {"x": 1}}, '/placement/x: invalid item "x" in placement policy'),
        (
            {"placement": {"requirements": {"sites": "a"}}},
            "/placement/requirements/sites: sites in requirements must be a list",
        ),
        (
            {"placement": {"preferences": {"zone": []}}},
            '/placement/preferences/zone: invalid item "zone" in preferences',
        ),
        (
            {"placement": {"requirements": {"sites": ["moon"]}}},
            "/placement: No matching resources: There is no free environment of the sites that are required.",
        ),
    ],
)
def test_policies(policies: Any, text: str) -> None:
    assert refusal(a_job(policies=policies)) == "/policies" + text


@pytest.mark.parametrize(
    ("notifications", "text"),
    [
        ({}, ": notifications must be in the form of a list"),
        ([None], "/0: each notification must be a dict of event and type"),
        ([{"event": "x", "type": "email"}], '/0: invalid notification event "x"'),
        (
            [{"event": "workflowFinished", "type": "email"}],
            '/0: invalid notification event "workflowFinished"',
        ),
        ([{"event": "jobFinished", "type": "sms"}], '/0: invalid notification type "sms"'),
        ([{"event": "jobFinished"}], '/0: invalid notification type ""'),
        (
            [{"event": "jobFinished", "type": "email", "to": "x"}],
            '/0/to: invalid item "to" in notifications',
        ),
        (
            [{"event": "jobFinished", "type": "email", "url": "http://h"}],
            '/0/url: invalid item "url" in notifications',
        ),
        (
            [{"event": "jobFinished", "type": "webhook"}],
            "/0/url: a webhook must have an http or https URL without user name and password",
        ),
        (
            [{"event": "jobFinished", "type": "webhook", "url": "http://h", "secret": "***"}],
            "/0/secret: a webhook's secret must be a text of at most 256 characters",
        ),
        (
            [{"event": "jobFinished", "type": "email"}] * 21,
            ": there must be at most 20 notifications",
        ),
    ],
)
def test_notifications(notifications: Any, text: str) -> None:
    assert refusal(a_job(notifications=notifications)) == "/notifications" + text
