import pytest

from services.auth.domain.service_clients import ServiceClients, UnknownClient, is_service_name

CLIENTS = ServiceClients({"provider": "s3cret-of-provider", "compute": "s3cret-of-compute"})


def test_name_and_secret_belong_together() -> None:
    CLIENTS.check("provider", "s3cret-of-provider")
    CLIENTS.check("compute", "s3cret-of-compute")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("provider", "s3cret-of-compute"), ("provider", ""), ("provider", "S3cret-of-provider"), ("", ""),
        ("Provider", "s3cret-of-provider"), ("nobody", "no such service"), ("nobody", ""),
        ("provider ", "s3cret-of-provider"), ("provider", "s3cret-of-provider "), ("provider", "\ud800"),
        ("provider\0", "s3cret-of-provider"),
    ],
)  # fmt: skip
def test_anything_else_is_unknown(name: str, secret: str) -> None:
    with pytest.raises(UnknownClient) as caught:
        CLIENTS.check(name, secret)
    assert "s3cret" not in str(caught.value)


def test_secrets_are_not_kept() -> None:
    assert "s3cret" not in repr(vars(CLIENTS))


@pytest.mark.parametrize("name", ["provider", "a", "compute-worker", "x1"])
def test_service_names(name: str) -> None:
    assert is_service_name(name)


@pytest.mark.parametrize("name", ["", "A", "1x", "a:b", "a b", "a" * 33, "a\n", "ä"])
def test_other_names_are_refused(name: str) -> None:
    assert not is_service_name(name)
