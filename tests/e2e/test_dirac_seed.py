"""Flow A of DIRAC's seed by curl as printed there, through the gateway with TLS and certificates."""

import json
from collections.abc import Iterator

import pytest
import requests

from services.auth.domain.people import PersonState
from tests.e2e.dirac_site import SECRET, DiracSite, dirac_site
from tests.fakes.certificates import Authority, Issued

pytestmark = pytest.mark.clause("dirac 1.2", "dirac 1.8", "dirac 5.1")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DiracSite]:
    with dirac_site(tmp_path_factory.mktemp("dirac")) as started:
        yield started


@pytest.fixture(scope="module")
def alice(site: DiracSite) -> Issued:
    return site.authority.issue("Alice")


def test_the_seeds_lines(site: DiracSite, alice: Issued) -> None:
    assert site.curl(f"{site.tls}/oauth2/groups", issued=alice) == '{"groups":["vo_user"]}\n200'
    assert site.curl(f"{site.tls}/oauth2/setups", issued=alice) == '{"setups":["Production"]}\n200'
    assert len(site.token(alice)) == 43


def refused(site: DiracSite, issued: Issued | None, query: str = "") -> tuple[str, str, str]:
    url = f"{site.tls}/oauth2/token?grant_type=client_credentials{query}"
    body, status = site.curl(url, issued=issued).rsplit("\n", 1)
    found = json.loads(body)
    return status, found["error"], found["detail"]


def test_who_is_refused_and_why(site: DiracSite, alice: Issued) -> None:
    assert refused(site, None) == ("401", "invalid_client", "A client certificate is needed.")
    unknown = site.authority.issue("Mallory")
    assert refused(site, unknown) == ("401", "invalid_client", "Nobody is registered for this certificate.")
    expired = site.authority.issue("Alice", days=(-9, -1))
    assert refused(site, expired)[:2] == ("401", "invalid_client")
    foreign = Authority("Grid CA").issue("Alice")
    assert refused(site, foreign)[:2] == ("401", "invalid_client")
    assert refused(site, alice, "&group=vo_admin")[:2] == ("403", "access_denied")


def test_a_disabled_persons_certificate_counts_no_more(site: DiracSite, alice: Issued) -> None:
    site.people.change(site.alice.id, state=PersonState.DISABLED)
    try:
        assert refused(site, alice)[0] == "401"
    finally:
        site.people.change(site.alice.id, state=PersonState.ACTIVE)
    assert site.token(alice)


def forged(issued: Issued) -> dict[str, str]:
    names = ("X-SSL-Client-Verify", "X-SSL-Client-Cert", "X-Auth-Proxy-Secret", "Client-Cert")
    values = ("SUCCESS", issued.escaped, SECRET, ":AAAA:")
    pairs = dict(zip(names, values, strict=True))
    return pairs | {name.replace("-", "_"): value for name, value in pairs.items()}


def test_nobody_becomes_alice_by_headers(site: DiracSite, alice: Issued) -> None:
    """Not on the plain port, nor with TLS and no certificate, nor with a certificate of somebody else's."""
    query = "/oauth2/token?grant_type=client_credentials"
    mallory = site.files(site.authority.issue("Mallory"))
    for base, cert in ((site.plain, None), (site.tls, None), (site.tls, mallory)):
        answer = requests.get(
            base + query, headers=forged(alice), cert=cert, verify=site.server_ca, timeout=10
        )
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    direct = {**forged(alice), "X-Auth-Proxy-Secret": "a guess", "X_Auth_Proxy_Secret": "a guess"}
    assert requests.get(site.auth.url + query, headers=direct, timeout=10).status_code == 401
