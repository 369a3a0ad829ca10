# ruff: noqa: E501 (signatures and blobs stay on one line, as in the contract)
"""Vectors of the Ocean contract 3.4, 5.1, 7.1, 8.3, verbatim; the keys are public test keys."""

from dataclasses import dataclass

from libs.signing import messages as m

KEY = "0x5d75837394b078ce97bc289fa8d75e21000573520bfa7784a9d28ccaae602bf8"
A = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"
D = "did:op:0c184915b07b44c888d468be85a9b28253e80070e5294b1aaed81c2f264e4996"
J = "4d32947065bb46c8b87c1f7adfb7ed8b"
T = "0xa09fc23421345532e34829000000000000000000000000000000000000000001"
N = "0xBD558814eE914800EbfeF4a1cbE196F5161823d9"
N_DID = "did:op:88fbc1d4bacb645f72250dd5e9427e42093f8c819de0cc1c916b34c95576202a"


@dataclass(frozen=True)
class Vector:
    name: str
    message: m.Message
    text: str
    hash: str
    digest: str
    signature: str


VECTORS = (
    Vector(
        "V1",
        m.Download(D, "1644317370"),
        D + "1644317370",
        "e977c0b8d5051fcd7cbe875b4bb07ee295b0e4af29dec313863f3d60c0ea57c6",
        "68ab2f3ae0d58ddae5da38bf51f44ead3bd33ecbe6e4c418db00d641738cc360",
        "0x48167442ee128b132d7113614432827100de3c1bbbfca5221b415bf8f2262f887255da5706e68c74d4f29838ac3e2a05a7346a0b45357265e7b5a2e0363a954a1c",
    ),
    Vector(
        "V2",
        m.Download(D, "1644315615.24195"),
        D + "1644315615.24195",
        "8859f278285ac9ae9b0d8f63f95a46762150d40c646bfe99aa7a0cc516ec26a1",
        "bdd40095918b97181b3d117b7fb4fb6abd1013a1d55294328e4ed3bd2b80303d",
        "0x2a0220631b34edf78f324951f98426a97d23ac6c0c1ec47acf64c4dd108e49603847e31a3a422d660298704af1c0458972e407b1cbf5bf73ce48967f7ddaefa21b",
    ),
    Vector(
        "V3",
        m.ComputeStart(A, D, "2"),
        A + D + "2",
        "9b501854e4c94d2db546176501f738a49ee5f45c211ba29499333ef49335e17e",
        "a6f649a716752e82ca0f0bcb5c390853b7d6c0363e7e12988a6b2e3943e7797a",
        "0x140ec7c9f9e9cab49c31a0d72ca9238c3bc4ab8a95a87dfd72a4c3c7c538cb2254c39219cbf9226933328bf721d9e14d3f156db297f47ed1212e555f43a3dfd31b",
    ),
    Vector(
        "V4",
        m.ComputeControl(A, J, D, "3"),
        A + J + D + "3",
        "2516b4184f6c8a2350cf40755de6c2267a59f66c43c35d33789b2f278c1a48d4",
        "1d34f4eaa812618a3cad99d63211b8ea9988c97ad60333a281c9a46ceb6682b8",
        "0x646cfd867567aa22ce4ed6e61e24c93c3d667eddcf297b7fd9df88c06af4418f78fb406e1c7a0856828b088d1d3c4a7b56450f479ad5c4690528c9d7024903f91b",
    ),
    Vector(
        "V5",
        m.ComputeControl(A, J, "", "3"),
        A + J + "3",
        "f24e3573c5579f752cc18b19fe7e0671e5bbd6cb0be34d5da134130bcf15a56d",
        "e15cd9e18a42fed853378107389c84c064b310e9bb6444111a45f42d9a8cb89b",
        "0xa4a8f54970cc656e11b750e3ccef56c04a3f3cf66b178bacd292b9725708259f74fe4fe852e79d9ad5260044d7fe9bf66fde59085001fd18af7dea4117f2d2341c",
    ),
    Vector(
        "V6",
        m.ComputeStopUnbound(A, J),
        A + J,
        "110d90378beb55c04b2547d6f27677b6d76309fcaff328539ac094f94c97c733",
        "bfc1a9729586279dafa9d4d26a2c25598d46a53028b219e66dd6562d3933775e",
        "0x0b5bf55f519dfc133b7aa2d3b860293f79c48b366a15b8a0b5f37406b454ee1856b5aa9e63ca01ba4cb2fe617021df1f76f5c3382ce1874f43df2b868c28b9941b",
    ),
    Vector(
        "V7",
        m.ComputeResult(A, J, "0", "4"),
        A + J + "0" + "4",
        "107f7ffbfec13092f7f206a2a3c99850ef963d33527e0271ac89a57e8b081d0b",
        "61f7395a68dffa63fcdea7d85cf8f8d5d49a41905eabd373fd24fe21291a95f3",
        "0x68f52febde8873da4e5e482770b7c6248240572edf67463687e9e1ba7b60a6fd73da82ef2de4d82565668d635a9805f9c2f8c3d077e9f50c4fb9f184abe6737d1b",
    ),
    Vector(
        "V8",
        m.AuthToken(A, "1644317370"),
        A + "1644317370",
        "164eef25580521e2ae331ad298fecb58848f614cc0d3a893b24466a3d38e6d33",
        "88ade6adb7ea3cf3a574c809fc539a70790b0b9c384830e30f15fd64bdfb7719",
        "0xca37903f441a33eab0a4c09d4124787622c93956bc0ca252a5b11adac3b550fb6a4ad1cb5232c0c322ee9ff2a75da8dcf65afd25fcd41c67388d0d0cda73e7651c",
    ),
    Vector(
        "V9",
        m.Decrypt(T, A, "8996", "1795295486993079057"),
        T + A + "8996" + "1795295486993079057",
        "97033d9b5d451cf93560b67eb3f95f16019af705c83ff879a24e202eebf48d28",
        "51d6e204ef06fcdf0842ed5fa3cb66e283890ef675122c0aaa04f9062c09c282",
        "0xc91bebe48412eadc2a8f33bad8d9e8fabb6ca059325f8d9bae3349bb6c7dcf3a664a8a2f94433dc976c6b3255170a8d41166473e661f4da30c6d8b92b75223e51c",
    ),
    Vector(
        "V10",
        m.Decrypt(N, A, "8996", "1644315615.24195"),
        N + A + "8996" + "1644315615.24195",
        "93cd53cd33990bcb99c320b5f6c52e4ed6ec6802828c243300a5e134006b3a5b",
        "9e135a368a37038021513a2b0b3f7ae56d7b5e193ed5e1a6e7dfe64c0dca6d70",
        "0x9b4fc898f3fd062a0ca008b2967f11f49272fb5ca128fb5867c4ceace17f14b45e1720be7a0ee2f3661a696d097f07784bcc6acbbd09bc0e087a88b41f8597a41b",
    ),
)

SHORT_HASH_TEXT = D + "75"
SHORT_HASH = "0061f618fbfc973b586d1aff4883c0c31ac60a4d0c27d12750971879a569372b"
SHORT_HASH_STRIPPED_DIGEST = "d2050c267f45dd67c336bbff5b13b3164cb93be8364fcb073af4b8e2f8e999ec"
SHORT_HASH_STRIPPED_SIGNATURE = "0xfe443831fe7616eadf85ea81e852d644aedeff55e0ac37485013785504e033f964f4b34185694c96323b10be50447f03d571a2710ee43bc6a59c97cd35a9e9c61c"
SHORT_HASH_SIGNATURE = "0xba967aab3e7dc59ea1e9fd7617e1e0936b03dc93b50ee9286cb7a618e4ea719343e90f21e3375c7db5be52b233a5809e0c94dec00183a6a184da8fc95d44b9d31b"

PROVIDER_KEY = "0xfd5c1ccea015b6d663618850824154a3b3fb2882c46cefb05b9a93fea8c3d215"
PROVIDER_ADDRESS = "0xe08A1dAe983BC701D05E492DB80e0144f8f4b909"
PROVIDER_PUBLIC = "c2848551d252af678ce0487085c769fabd89940b8def47ac91e9b41b24e44eadcd38aa952b0319c5bddd078449584cddae7fdb747883d6c12058bbf80db81fc5"

ECIES_PLAINTEXT = b'{"a":1}'
ECIES_SHARED = "0402104b154ef5d80812c042aaba5b0e5b403a25d2b80a9b419428a4903c54017bfc25ae6c98470bc1b73183a5c40c24098a79043e3aeec3525944aef3a4423302"
ECIES_AES_KEY = "432b5d774921b4ee6260ce2addf3d197c2a9a0c157b316057f0ccb63c1039c15"
ECIES_BLOB = (
    "044f355bdcb7cc0af728ef3cceb9615d90684bb5b2ca5f859ab0f0b704075871aa385b6b1b8ead809ca67454d9683fcf2ba03456d6fe2c4abe2b07f0fbdbb2f1c1"
    "2222222222222222222222222222222294972007ba47974c9297ba5a516ae9992b158cb4410a6b"
)

FEE_PROVIDER_DATA = b'{"environment":"ocean-compute-env2","timestamp":1700000000.5,"dt":"0x358e56e10a4a906ABd6a941aDd851aedD69F65e2","id":"svc-compute"}'
FEE_TOKEN = "0xe78A0F7E598Cc8b0Bb87894B0F60dD2a88d6a8Ab"
FEE_AMOUNT = 137923333333333320000
FEE_VALID_UNTIL = 1700003600
FEE_HASH = "ceb0a7dd50bc965e8368e2bb6278377883cf2dfd720e86389ec47acbbd3eaa49"
FEE_DIGEST = "c6dc1f0364bcb31757adadfac439047b3ac31d2eefe25e14f540ac938e7d1a4d"
FEE_R = "d23e975c2a3e62e933b65e5388a5d0051947074040dbc2c8d9a3834a6b2481d0"
FEE_S = "27fb50cdcade6042ed3f771f0b7f3f4b5cf7b16d159b79aa6dfb6d533182c21f"

# Contract 9: upstream's own HS256 token. Another scheme: ours must refuse it as a JWT of ours.
UPSTREAM_TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.eyJleHAiOjE3MDAwMDM2MDAsImFkZHJlc3MiOiIweEE3OGRlYjJGYTc5NDYzOTQ1QzI0Nzk5MTA3NUUyYTBlOThCYTdBMDkifQ.TIlWgbUU3Sf0qiN1uMG0oT3BfSJEj6OJTwl5Ht_YFT0"
