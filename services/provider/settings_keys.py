"""The provider's keys out of the environment: text, file or keystore; one for all chains or one per chain."""

from collections.abc import Sequence
from pathlib import Path

from libs.signing.errors import KeystoreRefused, MalformedKey
from libs.signing.keys import PrivateKey, load_keystore
from libs.web.settings import Env
from services.provider.adapters.keys import ProviderKeys
from services.provider.settings_parts import by_chain, split_by_chain


def read_keys(env: Env, chain_ids: Sequence[int]) -> ProviderKeys:
    """PROVIDER_PRIVATE_KEY(_FILE), or PROVIDER_KEYSTORE_FILE with PROVIDER_KEYSTORE_PASSWORD(_FILE).

    Every chain of NETWORK_URL must have a key. Problems go to `env` and never quote anything secret.
    """
    keys = by_chain(env, "PROVIDER_PRIVATE_KEY", PrivateKey)
    keystores = _keystores(env)
    if keys and keystores:
        env.problem("Set PROVIDER_PRIVATE_KEY or PROVIDER_KEYSTORE_FILE, not both.")
    found = keys or keystores
    plain = found.pop(None, None)
    named = {chain_id: key for chain_id, key in found.items() if chain_id is not None}
    if plain is None and not named:
        env.problem("PROVIDER_PRIVATE_KEY or PROVIDER_KEYSTORE_FILE must hold a key.")
    elif plain is None:
        for chain_id in chain_ids:
            if chain_id not in named:
                env.problem(f"There is no provider key for chain {chain_id}.")
    return ProviderKeys(plain=plain, by_chain=named, universal=_universal(env))


def _universal(env: Env) -> PrivateKey | None:
    secret = env.optional_secret("UNIVERSAL_PRIVATE_KEY")
    if secret is None:
        return None
    try:
        return PrivateKey(secret.reveal())
    except MalformedKey:
        env.problem("UNIVERSAL_PRIVATE_KEY must be 64 hex digits.")
        return None


def _keystores(env: Env) -> dict[int | None, PrivateKey]:
    name = "PROVIDER_KEYSTORE_FILE"
    setting = env.optional(name)
    if setting is None:
        return {}
    passwords = by_chain(env, "PROVIDER_KEYSTORE_PASSWORD", str)
    try:
        paths = split_by_chain(setting, Path)
    except (ValueError, AttributeError, TypeError):
        env.problem(f"{name} must be a path or a JSON object of paths by chain id.")
        return {}
    found: dict[int | None, PrivateKey] = {}
    for chain_id, path in paths.items():
        password = passwords.get(chain_id, passwords.get(None))
        if password is None:
            env.problem(f"{name} needs PROVIDER_KEYSTORE_PASSWORD.")
            continue
        try:
            found[chain_id] = load_keystore(path.read_text(encoding="utf-8"), password)
        except (OSError, UnicodeDecodeError, KeystoreRefused):
            env.problem(f"{name} cannot be opened: missing, malformed, or a wrong password.")
    return found
