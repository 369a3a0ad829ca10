"""Which origins are ours."""

import pytest

from services.auth.dialects.pages.site import Address


@pytest.mark.parametrize(
    ("issuer", "origins"),
    [
        ("https://gate.example", {"https://gate.example"}),
        ("https://Gate.example:443/", {"https://gate.example"}),
        ("https://localhost.example:8030", {"https://localhost.example:8030"}),
        (
            "http://127.0.0.1:8030",
            {"http://127.0.0.1:8030", "http://localhost:8030", "http://[::1]:8030"},
        ),
        ("http://localhost", {"http://127.0.0.1", "http://localhost", "http://[::1]"}),
        ("http://[::1]", {"http://127.0.0.1", "http://localhost", "http://[::1]"}),
    ],
)
def test_a_machine_has_several_names_for_itself_and_other_hosts_one(issuer: str, origins: set[str]) -> None:
    assert Address.of(issuer).origins == origins
