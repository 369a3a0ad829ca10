"""Contract 2.6 step 3: downloads serve access services; a compute service's files go to its environments."""

import pytest

from services.provider.domain.access import (
    AccessControlUnavailable,
    FileUnreachable,
    NotAnAccessService,
    check_downloadable,
)
from services.provider.domain.asset import Service
from services.provider.domain.errors import ProviderError
from tests.fakes.receipts import CONSUMER, DATATOKEN, STRANGER

pytestmark = pytest.mark.clause("ocean 2.6")

ENVIRONMENTS = frozenset({CONSUMER})


def service(kind: str) -> Service:
    return Service("svc-0", kind, 0, "0x04", DATATOKEN, "http://provider.test", 3600, {})


@pytest.mark.parametrize("caller", [CONSUMER, STRANGER, ""], ids=["environment", "stranger", "nobody"])
@pytest.mark.parametrize("accounts", [ENVIRONMENTS, frozenset()], ids=["some", "none"])
def test_access_services_are_for_everybody(caller: str, accounts: frozenset[str]) -> None:
    check_downloadable(service("access"), caller, accounts)


def test_a_compute_service_s_files_go_to_its_environment() -> None:
    check_downloadable(service("compute"), CONSUMER, ENVIRONMENTS)


@pytest.mark.parametrize(
    ("kind", "caller", "accounts"),
    [
        ("compute", STRANGER, ENVIRONMENTS),
        ("compute", CONSUMER, frozenset()),
        ("compute", CONSUMER.lower(), ENVIRONMENTS),
        ("compute", "", ENVIRONMENTS),
        ("compute", CONSUMER[:-1], ENVIRONMENTS),
        ("Compute", CONSUMER, ENVIRONMENTS),
        ("Access", CONSUMER, ENVIRONMENTS),
        ("access ", CONSUMER, ENVIRONMENTS),
        ("", CONSUMER, ENVIRONMENTS),
        ("download", CONSUMER, ENVIRONMENTS),
    ],
    ids=[
        "stranger",
        "no-accounts",
        "case",
        "nobody",
        "part",
        "Compute",
        "Access",
        "blank",
        "no-kind",
        "other-kind",
    ],
)
def test_nothing_else_is_downloaded(kind: str, caller: str, accounts: frozenset[str]) -> None:
    with pytest.raises(NotAnAccessService) as refused:
        check_downloadable(service(kind), caller, accounts)
    assert (refused.value.service_id, str(refused.value)) == ("svc-0", "svc-0")
    assert isinstance(refused.value, ProviderError)


def test_an_unreachable_file_is_named_by_its_place_and_not_by_its_origin() -> None:
    error = FileUnreachable("did:op:1", "svc-0", 2)
    assert (error.did, error.service_id, error.file_index) == ("did:op:1", "svc-0", 2)
    assert str(error) == "file unreachable"


def test_silence_of_the_access_control_is_told_from_its_absence() -> None:
    late, gone = AccessControlUnavailable(timed_out=True), AccessControlUnavailable()
    assert (late.timed_out, str(late)) == (True, "timed out")
    assert (gone.timed_out, str(gone)) == (False, "unavailable")
