"""Everything this library raises. The root is SigningError; no message ever holds key or signature text."""


class SigningError(Exception):
    """Root of the library's errors."""


class MalformedAddress(SigningError):
    """Not `0x` and 40 hex digits."""


class MalformedMessage(SigningError):
    """The text cannot be encoded as UTF-8 (a lone surrogate from a JSON escape)."""


class SiweRefused(SigningError):
    """Not an EIP-4361 message; `field` names the first part at fault."""

    def __init__(self, field: str) -> None:
        super().__init__(f"not a Sign-In with Ethereum message: {field}")
        self.field = field


class MalformedSignature(SigningError):
    """Not 65 bytes of hex `r||s||v` with r and s in range, low s and a known v."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class SignatureMismatch(SigningError):
    """The signature is not by the expected address over this text.

    `recovered` is the address that did sign, or None when nothing could be recovered.
    """

    def __init__(self, expected: str, recovered: str | None) -> None:
        super().__init__("the signature is not by the expected address")
        self.expected = expected
        self.recovered = recovered


class MalformedKey(SigningError):
    """Not a usable secp256k1 private or public key."""


class KeystoreRefused(SigningError):
    """The keystore file is malformed or the password is wrong."""


class PureCurveRefused(SigningError):
    """secp256k1 would run in pure Python (about 100 times slower) or gives wrong answers."""


class DecryptionFailed(SigningError):
    """The blob was not encrypted for this key, or was changed or cut."""


class TokenRefused(SigningError):
    """The JWT is malformed, not canonical, of another algorithm, or its signature is wrong."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class UnknownTokenKey(TokenRefused):
    """The JWT names a key id that is not in the key set (perhaps the set is stale)."""

    def __init__(self, kid: str) -> None:
        super().__init__("unknown key id")
        self.kid = kid


class TokenExpired(TokenRefused):
    """`exp` has passed."""

    def __init__(self) -> None:
        super().__init__("expired")


class MalformedJwk(SigningError):
    """Not a P-256 key or key set in JWK form."""
