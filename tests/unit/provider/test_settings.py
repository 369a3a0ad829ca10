"""Settings: upstream's names, values plain or by chain, every problem at once, no secret ever shown."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from eth_keyfile import create_keyfile_json

from libs.signing.keys import PrivateKey
from libs.web.settings import BadSettings, Secret
from services.provider.domain.errors import UnsupportedChain
from services.provider.settings import Settings, load_settings
from tests.fakes.provider import PROVIDER_ADDRESS, PROVIDER_KEY, environment

pytestmark = pytest.mark.clause("ocean 10")

OTHER = "0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8"
OTHER_ADDRESS = PrivateKey(OTHER).address
TOKEN = "0xe78a0f7e598cc8b0bb87894b0f60dd2a88d6a8ab"
CHECKSUMMED = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"


def load(**changes: str) -> Settings:
    return load_settings(environment(**changes))


def problems(**changes: str) -> list[str]:
    with pytest.raises(BadSettings) as refused:
        load(**changes)
    return refused.value.problems


def test_defaults_are_the_documented_ones() -> None:
    settings = load()
    assert settings.chain_id is None
    assert settings.fee_tokens == {}
    assert settings.fee_amounts == {}
    assert settings.authorized_decrypters == ()
    assert (settings.allow_non_public_ip, settings.fetch_allow) == (False, "")
    assert (settings.ipfs_gateway, settings.arweave_gateway) == ("https://ipfs.io", "https://arweave.net/")
    assert (settings.request_timeout_seconds, settings.request_retries) == (10.0, 1)
    assert settings.max_checksum_bytes == 5_242_880
    assert settings.max_encrypt_bytes == 20 * 1024 * 1024
    assert (settings.rbac_server_url, settings.http_proof_url) == (None, None)
    assert (settings.private_provider, settings.chain_proof, settings.reuse_extends_order) == (False,) * 3
    assert (settings.allow_unbound_files, settings.fileinfo_caller_headers) == (False, False)
    assert settings.order_confirmations == 1
    assert settings.egress_key is None
    assert settings.log_level == "INFO"


def test_nothing_set_lists_every_problem_at_once() -> None:
    with pytest.raises(BadSettings) as refused:
        load_settings({})
    text = " ".join(refused.value.problems)
    for name in (
        "NETWORK_URL",
        "PROVIDER_PRIVATE_KEY",
        "PROVIDER_DATABASE_URL",
        "CATALOGUE_URL",
        "AUTH_URL",
        "SERVICE_SECRET",
    ):
        assert name in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NETWORK_URL", "ftp://node"),
        ("NETWORK_URL", '{"8996": "node"}'),
        ("NETWORK_URL", '{"x": "http://node"}'),
        ("NETWORK_URL", '{"0": "http://node"}'),
        ("NETWORK_URL", '{"8996": 7}'),
        ("NETWORK_URL", "{}"),
        ("NETWORK_URL", "{"),
        ("CHAIN_ID", "x"),
        ("CHAIN_ID", "-1"),
        ("PROVIDER_PRIVATE_KEY", "0x1234"),
        ("PROVIDER_PRIVATE_KEY", "0x" + "00" * 32),
        ("PROVIDER_PRIVATE_KEY", '{"8996": "0x1234"}'),
        ("PROVIDER_PRIVATE_KEY", '{"8996": null}'),
        ("UNIVERSAL_PRIVATE_KEY", "hello"),
        ("PROVIDER_PRIVATE_KEY", json.dumps({"1": OTHER})),
        ("CATALOGUE_URL", "nowhere"),
        ("CATALOGUE_URL", "http://user:pass@host"),
        ("AUTH_URL", "http://host:99999"),
        ("PUBLIC_URL", "http://a,b"),
        ("PROVIDER_FEE_TOKEN", "Ocean"),
        ("PROVIDER_FEE_TOKEN", '{"8996": "0x12"}'),
        ("PROVIDER_FEE_AMOUNT", "much"),
        ("PROVIDER_FEE_AMOUNT", "-1"),
        ("PROVIDER_FEE_AMOUNT", "nan"),
        ("PROVIDER_FEE_AMOUNT", "1e40"),
        ("PROVIDER_FEE_AMOUNT", '{"access": true}'),
        ("AUTHORIZED_DECRYPTERS", '["me"]'),
        ("AUTHORIZED_DECRYPTERS", "[7]"),
        ("ALLOW_NON_PUBLIC_IP", "perhaps"),
        ("REQUEST_TIMEOUT", "soon"),
        ("REQUEST_TIMEOUT", "0"),
        ("REQUEST_RETRIES", "0"),
        ("MAX_CHECKSUM_LENGTH", "-1"),
        ("MAX_ENCRYPT_BYTES", "0"),
        ("ORDER_CONFIRMATIONS", "1.5"),
        ("RBAC_SERVER_URL", "x"),
        ("USE_HTTP_PROOF", "x"),
        ("LOG_LEVEL", "LOUD"),
        ("SERVICE_SECRET_FILE", "/nowhere/at/all"),
        ("IPFS_GATEWAY", "ipfs.io"),
    ],
)
def test_nonsense_is_refused_by_name_and_never_quoted(name: str, value: str) -> None:
    changes = {name: value}
    if name.endswith("_FILE"):
        changes[name.removesuffix("_FILE")] = ""
    found = problems(**changes)
    assert any(name in problem or "provider key" in problem for problem in found)
    if len(value) > 3:
        assert value not in " ".join(found)


def test_secrets_hide_themselves_in_every_repr() -> None:
    settings = load(
        UNIVERSAL_PRIVATE_KEY=OTHER,
        PROVIDER_DATABASE_URL="postgresql://user:hunter2@db/provider",
        NETWORK_URL='{"8996": "https://rpc.example/apikey123"}',
        SERVICE_SECRET="swordfish",
        EGRESS_KEY="opensesame-opensesame",
    )
    shown = repr(settings)
    for secret in (PROVIDER_KEY[2:], OTHER[2:], "hunter2", "apikey123", "swordfish", "opensesame"):
        assert secret not in shown


def test_problems_of_secrets_do_not_quote_them() -> None:
    found = " ".join(problems(PROVIDER_PRIVATE_KEY=PROVIDER_KEY + "ab", UNIVERSAL_PRIVATE_KEY="sesame" * 9))
    assert PROVIDER_KEY[2:20] not in found
    assert "sesame" not in found


def test_one_key_serves_every_chain() -> None:
    keys = load().keys
    assert keys.for_chain(8996).address == keys.for_chain(1).address == PROVIDER_ADDRESS
    assert keys.addresses([8996, 1]) == {8996: PROVIDER_ADDRESS, 1: PROVIDER_ADDRESS}
    assert keys.for_no_chain() == PrivateKey(PROVIDER_KEY)


def test_keys_by_chain_from_text_and_from_a_file(tmp_path: Path) -> None:
    text = json.dumps({"8996": PROVIDER_KEY, "1": OTHER})
    file = tmp_path / "keys.json"
    file.write_text(text + "\n")
    urls = '{"8996": "http://a", "1": ["http://b", "http://c"]}'
    for changes in (
        {"PROVIDER_PRIVATE_KEY": text},
        {"PROVIDER_PRIVATE_KEY": "", "PROVIDER_PRIVATE_KEY_FILE": str(file)},
    ):
        settings = load(NETWORK_URL=urls, **changes)
        assert settings.keys.addresses([8996, 1]) == {8996: PROVIDER_ADDRESS, 1: OTHER_ADDRESS}
        assert settings.keys.for_no_chain() is None
        with pytest.raises(UnsupportedChain):
            settings.keys.for_chain(5)
        assert settings.network_urls == {8996: Secret("http://a"), 1: Secret("http://b,http://c")}


def test_universal_key_stands_for_no_chain() -> None:
    key = load(UNIVERSAL_PRIVATE_KEY=OTHER).keys.for_no_chain()
    assert key is not None
    assert key.address == OTHER_ADDRESS


def keystore(folder: Path, key: str, password: str) -> Path:
    path = folder / f"{key[2:8]}.json"
    content = create_keyfile_json(bytes.fromhex(key[2:]), password.encode(), kdf="pbkdf2", iterations=10)
    path.write_text(json.dumps(content))
    return path


def test_keystore_files_plain_and_by_chain(tmp_path: Path) -> None:
    one, two = keystore(tmp_path, PROVIDER_KEY, "correct"), keystore(tmp_path, OTHER, "horse")
    plain = load(
        PROVIDER_PRIVATE_KEY="", PROVIDER_KEYSTORE_FILE=str(one), PROVIDER_KEYSTORE_PASSWORD="correct"
    )
    assert plain.keys.for_chain(1).address == PROVIDER_ADDRESS
    by_chain = load(
        PROVIDER_PRIVATE_KEY="",
        NETWORK_URL='{"8996": "http://a", "1": "http://b"}',
        PROVIDER_KEYSTORE_FILE=json.dumps({"8996": str(one), "1": str(two)}),
        PROVIDER_KEYSTORE_PASSWORD='{"8996": "correct", "1": "horse"}',
    )
    assert by_chain.keys.addresses([8996, 1]) == {8996: PROVIDER_ADDRESS, 1: OTHER_ADDRESS}


def test_keystore_password_from_a_file(tmp_path: Path) -> None:
    password = tmp_path / "password"
    password.write_text("correct\n")
    settings = load(
        PROVIDER_PRIVATE_KEY="",
        PROVIDER_KEYSTORE_FILE=str(keystore(tmp_path, PROVIDER_KEY, "correct")),
        PROVIDER_KEYSTORE_PASSWORD_FILE=str(password),
    )
    assert settings.keys.for_chain(1).address == PROVIDER_ADDRESS


def test_keystores_that_do_not_open(tmp_path: Path) -> None:
    good = str(keystore(tmp_path, PROVIDER_KEY, "correct"))
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    for path, password in ((good, "wrong"), (good, ""), (str(broken), "x"), (str(tmp_path / "none"), "x")):
        found = problems(
            PROVIDER_PRIVATE_KEY="", PROVIDER_KEYSTORE_FILE=path, PROVIDER_KEYSTORE_PASSWORD=password
        )
        assert any("PROVIDER_KEYSTORE" in problem for problem in found)


def test_text_and_keystore_together_are_refused(tmp_path: Path) -> None:
    path = str(keystore(tmp_path, PROVIDER_KEY, "correct"))
    found = problems(PROVIDER_KEYSTORE_FILE=path, PROVIDER_KEYSTORE_PASSWORD="correct")
    assert any("not both" in problem for problem in found)


def test_every_configured_chain_needs_a_key() -> None:
    found = problems(
        NETWORK_URL='{"8996": "http://a", "1": "http://b"}',
        PROVIDER_PRIVATE_KEY=json.dumps({"8996": PROVIDER_KEY}),
    )
    assert found == ["There is no provider key for chain 1."]


def test_fee_tokens_and_amounts() -> None:
    settings = load(PROVIDER_FEE_TOKEN=TOKEN, PROVIDER_FEE_AMOUNT="1.5")
    assert settings.fee_tokens == {None: CHECKSUMMED}
    assert settings.fee_amounts == {None: Decimal("1.5")}
    settings = load(
        PROVIDER_FEE_TOKEN=json.dumps({"8996": TOKEN}),
        PROVIDER_FEE_AMOUNT='{"access": "0.000000000000000001", "compute": 2}',
    )
    assert settings.fee_tokens == {8996: CHECKSUMMED}
    assert settings.fee_amounts == {"access": Decimal("1e-18"), "compute": Decimal(2)}


def test_upstreams_name_for_the_catalogue_is_understood() -> None:
    settings = load(CATALOGUE_URL="", AQUARIUS_URL="http://aquarius:5000")
    assert settings.catalogue_url == "http://aquarius:5000"


def test_lists_and_switches() -> None:
    settings = load(
        AUTHORIZED_DECRYPTERS=json.dumps([OTHER_ADDRESS.lower()]),
        PUBLIC_URL="http://a.example, https://b.example/provider",
        ALLOW_NON_PUBLIC_IP="True",
        FETCH_ALLOW="127.0.0.1:8046, minio:9000",
        PRIVATE_PROVIDER="1",
        REUSE_EXTENDS_ORDER="yes",
        NETWORK_URL="http://a,http://b",
        CHAIN_ID="8996",
    )
    assert settings.authorized_decrypters == (OTHER_ADDRESS,)
    assert settings.public_urls == ("http://a.example", "https://b.example/provider")
    assert (settings.allow_non_public_ip, settings.fetch_allow) == (True, "127.0.0.1:8046,minio:9000")
    assert (settings.private_provider, settings.reuse_extends_order) == (True, True)
    assert settings.network_urls == {None: Secret("http://a,http://b")}
    assert settings.chain_id == 8996


class Recorder(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(name.removesuffix("_FILE") if name.removesuffix("_FILE") in self.asked else name)
        return super().get(name, default)


def test_every_setting_is_in_the_readme() -> None:
    text = (Path(__file__).parents[3] / "services" / "provider" / "README.md").read_text()
    recorder = Recorder(environment())
    load_settings(recorder)
    keystore_only = Recorder({"PROVIDER_KEYSTORE_FILE": "/nowhere"})
    with pytest.raises(BadSettings):
        load_settings(keystore_only)
    undocumented = {name for name in recorder.asked | keystore_only.asked if f"`{name}`" not in text}
    assert undocumented == set()


def test_an_access_control_server_is_never_left_out_for_want_of_a_key() -> None:
    by_chain = json.dumps({"8996": PROVIDER_KEY})
    given = {"PROVIDER_PRIVATE_KEY": by_chain, "RBAC_SERVER_URL": "http://rbac.test/"}
    assert problems(**given) == ["RBAC_SERVER_URL needs UNIVERSAL_PRIVATE_KEY when keys are given by chain."]
    load(**given, UNIVERSAL_PRIVATE_KEY=OTHER)
