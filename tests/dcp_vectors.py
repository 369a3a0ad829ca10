# ruff: noqa: E501 (keystores stay on one line, as in the contract)
"""Vectors of the DCP contract 8.1, made by dcp-client 5.6.1's own wallet; the keys are public toys."""

import base64
from dataclasses import dataclass
from hashlib import sha256


@dataclass(frozen=True)
class KeystoreVector:
    name: str
    keystore: str
    password: bytes  # as it stands in the header
    private_key: bytes
    address: str

    @property
    def credentials(self) -> str:
        """What follows `Basic `."""
        return basic(self.keystore, self.password)


def basic(keystore: str, password: str | bytes) -> str:
    raw = password.encode() if isinstance(password, str) else password
    return base64.b64encode(keystore.encode() + b":" + raw).decode()


A = KeystoreVector(
    "A",
    '{"version":3,"id":"7f24bd1e-22d6-4688-8fd8-095c19337da7","address":"9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f","crypto":{"ciphertext":"acd08938d31c1ce67c1ff5e798725cdf8b503e4f346208d03517ffe5049f4117","cipherparams":{"iv":"d1ce1ceac1279ce3d1f8fe4c340edd95"},"cipher":"aes-128-ctr","kdf":"scrypt","kdfparams":{"dklen":32,"salt":"64d3f93636203875212f8ad11a8481f823213410ecec55110a55d4635663f5c4","n":1024,"r":8,"p":1},"mac":"dfbc15410f840357271e9d64270e8c195f836b802d01944f22e7fbad03bc8dc7"},"timestamp":"Sat Nov 21 2026 21:10:49 GMT+0000 (Coordinated Universal Time)","process":"vec"}',
    b"myepicpassw0rd",
    b"\x46" * 32,
    "0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
)
B = KeystoreVector(
    "B",
    '{"version":3,"id":"f412250a-9e00-4a94-a738-2eec1aca970f","address":"b595b18c88b1f651ca387489067f855b5c8e6720","crypto":{"ciphertext":"ed084d039fcd2857b57f0d6b427f6062f7af4b45a22320e452e1670c93077406","cipherparams":{"iv":"96c359653783d8623500e341a73c0069"},"cipher":"aes-128-ctr","kdf":"scrypt","kdfparams":{"dklen":32,"salt":"dee5907724a6b5b3d621e15cb699e058867f9e401c2ba553acaab5d018997408","n":1024,"r":8,"p":1},"mac":"05e20af95aac960090daa1408004a29dfb59b8be822d0e8dc27f6d5545e1a08c"},"timestamp":"Sat Nov 21 2026 21:10:49 GMT+0000 (Coordinated Universal Time)","process":"vec"}',
    b'p:w"}: 1',
    b"\x47" * 32,
    "0xb595B18c88b1f651cA387489067f855b5C8E6720",
)
C = KeystoreVector(
    "C",
    '{"version":3,"id":"c459878a-a3c1-4ffb-83cc-14236926e47a","address":"1999bec693cfc3ffa9727070f9e2b8091ec563bf","crypto":{"ciphertext":"89da1010434698a61a6fce6d576c3e5a3582dae7f8903e08e0c6964a18eb9edf","cipherparams":{"iv":"494ce6357df218296e01c1653ab9fab1"},"cipher":"aes-128-ctr","kdf":"pbkdf2","kdfparams":{"dklen":32,"salt":"5944ab92b78a7bda111034b64467b4f1eac258088f7d2727ab26135f99bd61aa","c":1024,"prf":"hmac-sha256"},"mac":"d2da725685c09b59ef9ceeb34545084ab9e3a2c08fc4159ecca9d065c42e9eab"}}',
    b"",
    b"\x48" * 32,
    "0x1999BEC693CfC3FFa9727070f9e2B8091EC563Bf",
)
D = KeystoreVector(
    "D",
    '{"version":3,"id":"e7d96d85-b822-421b-a846-4e22009c4866","address":"c006f956243f9e5bb25e12d7cc1d78651a7b6746","crypto":{"ciphertext":"78dd83429f61c4637e7169e28073d62fcb69923a582e35e48d9d068fa292ce91","cipherparams":{"iv":"60b6647bcf75396d04ee1ab17cffc9cd"},"cipher":"aes-128-ctr","kdf":"scrypt","kdfparams":{"dklen":32,"salt":"89fb6bba750a099b660cdebf01e91fa641d5a458c06c11123d69443bfffa9330","n":1024,"r":8,"p":1},"mac":"83f570b194466ed5dace998aa9a9c034e2c92905c9ab3d681fc77fd15d000096"},"timestamp":"Sat Nov 21 2026 21:10:49 GMT+0000 (Coordinated Universal Time)","process":"vec"}',
    b"caf\xe9",
    b"\x49" * 32,
    "0xc006F956243f9e5bb25E12D7cc1d78651a7B6746",
)
VECTORS = (A, B, C, D)

# SHA-256 of the whole header value, as the contract prints them.
assert sha256(f"Basic {B.credentials}".encode()).hexdigest() == (
    "34baf918619a04fa8b2858cd086b0baeca2f3a3652dc1dce9457f6b9d30ae0a7"
)
assert sha256(f"Basic {C.credentials}".encode()).hexdigest() == (
    "52e7ad0d07987a429675be4b9c251cc6921bae18866ec38fedb8d86744304ad5"
)
