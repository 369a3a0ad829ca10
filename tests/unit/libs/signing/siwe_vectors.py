"""EIP-4361 texts of our own, and two signatures that the reference implementation is tested with."""

A = "0xA78deb2Fa79463945C247991075E2a0e98Ba7A09"

LEAST = f"""gateway.test wants you to sign in with your Ethereum account:
{A}


URI: https://gateway.test/tidegate/v1
Version: 1
Chain ID: 8996
Nonce: 0aB3c4D5
Issued At: 2026-11-22T02:43:07Z"""

FULL = f"""https://user:pw@[2001:db8::1]:8443 wants you to sign in with your Ethereum account:
{A}

Sign in (once); it's free: 1+1=2, [ok]? ~_-.!*'$&@/#

URI: urn:example:a%20b?q=/?#f
Version: 1
Chain ID: 100000000000000000
Nonce: ABCDEFGHabcdefgh0123456789
Issued At: 2026-11-22T02:43:07.123456789+05:30
Expiration Time: 2026-11-22T03:43:07-00:00
Not Before: 2016-12-31T23:59:60Z
Request ID: a%0Ab;c=d@e:f
Resources:
- ipfs://bafybeiemxf5abjwjbikoz4mc3a3dla6ual3jsgpdr4cjr3oz3evfyavhwq/
- did:op:0ebed8226ada17fde24b6bf2b95d27f8f05fcce09139ff5cec31f6d81a7cd2ea
- x://[v1.a:b]"""

EMPTY_PARTS = f"""127.0.0.1:8030 wants you to sign in with your Ethereum account:
{A}



URI: http://127.0.0.1:8030
Version: 1
Chain ID: 0
Nonce: 12345678
Issued At: 2026-11-22t02:43:07z
Request ID: 
Resources:"""  # noqa: W291 - the request id is there and empty

TEXTS = {"least": LEAST, "full": FULL, "empty parts": EMPTY_PARTS}

# (old, new) in LEAST, and the field that is named.
BROKEN = {
    "no domain": (("gateway.test wants", " wants"), "domain"),
    "domain with a slash": (("gateway.test wants", "gateway.test/ wants"), "domain"),
    "domain with a space": (("gateway.test wants", "gate way.test wants"), "domain"),
    "domain in other letters": (("gateway.test wants", "gatew\u0430y.test wants"), "domain"),
    "domain with a port of letters": (("gateway.test wants", "gateway.test:https wants"), "domain"),
    "domain of a wrong IPv6 address": (("gateway.test wants", "[1:2:3] wants"), "domain"),
    "domain that is a user only": (("gateway.test wants", "user@ wants"), "domain"),
    "scheme with a space": (("gateway.test wants", "ht tp://gateway.test wants"), "scheme"),
    "empty scheme": (("gateway.test wants", "://gateway.test wants"), "scheme"),
    "scheme of digits": (("gateway.test wants", "1://gateway.test wants"), "scheme"),
    "another sentence": (("wants you to sign in", "wants you to log in"), "shape"),
    "lower-case address": ((A, A.lower()), "address"),
    "upper-case address": ((A, "0x" + A[2:].upper()), "address"),
    "one letter in the wrong case": ((A, A.replace("deb2F", "deb2f")), "address"),
    "short address": ((A, A[:-1]), "address"),
    "no address": ((A, ""), "address"),
    "address and more": ((A, A + " "), "address"),
    "statement of two lines": ((f"{A}\n\n", f"{A}\n\none\ntwo\n"), "shape"),
    "statement with a quote": ((f"{A}\n\n", f'{A}\n\nsay "yes"\n'), "statement"),
    "statement with a percent sign": ((f"{A}\n\n", f"{A}\n\n100%\n"), "statement"),
    "statement with a tab": ((f"{A}\n\n", f"{A}\n\na\tb\n"), "statement"),
    "statement with NUL": ((f"{A}\n\n", f"{A}\n\na\0b\n"), "statement"),
    "statement beyond ASCII": ((f"{A}\n\n", f"{A}\n\ngr\u00fc\u00dfe\n"), "statement"),
    "statement with a line separator": ((f"{A}\n\n", f"{A}\n\na\u2028b\n"), "statement"),
    "statement turned around": ((f"{A}\n\n", f"{A}\n\n\u202eabc\n"), "statement"),
    "statement with a lone surrogate": ((f"{A}\n\n", f"{A}\n\n\ud800\n"), "statement"),
    "statement with a carriage return": ((f"{A}\n\n", f"{A}\n\nfine\r\n"), "statement"),
    "no empty line after the address": ((f"{A}\n\n", f"{A}\n"), "shape"),
    "one empty line too many": (("URI:", "\n\nURI:"), "shape"),
    "relative URI": (("https://gateway.test/tidegate/v1", "/tidegate/v1"), "uri"),
    "no URI": (("https://gateway.test/tidegate/v1", ""), "uri"),
    "URI without a scheme": (("https://gateway.test/tidegate/v1", "://gateway.test"), "uri"),
    "URI with a space": (("/tidegate/v1", "/tide gate"), "uri"),
    "URI with a bad escape": (("/tidegate/v1", "/%2"), "uri"),
    "URI with two fragments": (("/tidegate/v1", "/#a#b"), "uri"),
    "URI with brackets": (("/tidegate/v1", "/[a]"), "uri"),
    "URI with an octet of 256": (("gateway.test/tidegate", "[::0.0.0.256]/tidegate"), "uri"),
    "URI with nine groups": (("gateway.test/tidegate", "[1:2:3:4:5:6:7:8:9]/tidegate"), "uri"),
    "version 2": (("Version: 1", "Version: 2"), "version"),
    "version 01": (("Version: 1", "Version: 01"), "version"),
    "version in other digits": (("Version: 1", "Version: \u0661"), "version"),
    "chain of letters": (("Chain ID: 8996", "Chain ID: ?"), "chain_id"),
    "chain in hex": (("Chain ID: 8996", "Chain ID: 0x2324"), "chain_id"),
    "chain with a zero before it": (("Chain ID: 8996", "Chain ID: 08996"), "chain_id"),
    "negative chain": (("Chain ID: 8996", "Chain ID: -8996"), "chain_id"),
    "chain in other digits": (("Chain ID: 8996", "Chain ID: \uff18996"), "chain_id"),
    "endless chain": (("Chain ID: 8996", "Chain ID: " + "9" * 19), "chain_id"),
    "nonce of seven": (("0aB3c4D5", "0aB3c4D"), "nonce"),
    "nonce with a dash": (("0aB3c4D5", "0aB3-c4D5"), "nonce"),
    "nonce beyond ASCII": (("0aB3c4D5", "0aB3c4D5\u00e9"), "nonce"),
    "huge nonce": (("0aB3c4D5", "a" * 129), "nonce"),
    "no time": (("2026-11-22T02:43:07Z", ""), "issued_at"),
    "time without a zone": (("02:43:07Z", "02:43:07"), "issued_at"),
    "time without a T": (("22T02", "22 02"), "issued_at"),
    "day 31 of November": (("11-22", "11-31"), "issued_at"),
    "29 February of no leap year": (("11-22", "02-29"), "issued_at"),
    "hour 24": (("T02:43", "T24:00"), "issued_at"),
    "minute 60": (("02:43", "02:60"), "issued_at"),
    "second 61": (("43:07Z", "43:61Z"), "issued_at"),
    "leap second in the middle": (("02:43:07Z", "02:43:60Z"), "issued_at"),
    "leap second in the middle of a month": (("02:43:07Z", "23:59:60Z"), "issued_at"),
    "offset of 24 hours": (("07Z", "07+24:00"), "issued_at"),
    "offset without a colon": (("07Z", "07+0100"), "issued_at"),
    "year 0": (("2026-", "0000-"), "issued_at"),
    "before the first year": (("2026-11-22T02:43:07Z", "0001-01-01T00:00:00+23:59"), "issued_at"),
    "beyond the last year": (("2026-11-22T02:43:07Z", "9999-12-31T23:59:59-23:59"), "issued_at"),
    "dot without digits": (("07Z", "07.Z"), "issued_at"),
    "comma": (("07Z", "07,5Z"), "issued_at"),
    "ten digits of a fraction": (("07Z", "07.1234567890Z"), "issued_at"),
    "time in other digits": (("2026", "\u0662026"), "issued_at"),
    "time of a browser": (("2026-11-22T02:43:07Z", "Sun Nov 22 2026 02:43:07 GMT"), "issued_at"),
    "expiration of another shape": (("07Z", "07Z\nExpiration Time: soon"), "expiration_time"),
    "start of another shape": (("07Z", "07Z\nNot Before: 0"), "not_before"),
    "request id with a slash": (("07Z", "07Z\nRequest ID: a/b"), "request_id"),
    "request id with a bad escape": (("07Z", "07Z\nRequest ID: %zz"), "request_id"),
    "resource that is no URI": (("07Z", "07Z\nResources:\n- https://a\n- nothing"), "resources"),
    "two resources in a line": (("07Z", "07Z\nResources:\n- https://a - https://b"), "resources"),
    "resource without a dash": (("07Z", "07Z\nResources:\nhttps://a"), "shape"),
    "resources on the line of their name": (("07Z", "07Z\nResources: https://a"), "shape"),
    "too many resources": (("07Z", "07Z\nResources:" + "\n- a:b" * 65), "resources"),
    "doubled URI": (("Version:", "URI: https://gateway.test\nVersion:"), "shape"),
    "doubled nonce": (("Issued At:", "Nonce: 12345678\nIssued At:"), "shape"),
    "doubled expiration": (("07Z", "07Z" + "\nExpiration Time: 2026-11-22T02:48:07Z" * 2), "shape"),
    "chain before version": (("Version: 1\nChain ID: 8996", "Chain ID: 8996\nVersion: 1"), "shape"),
    "start before expiration": (
        ("07Z", "07Z\nNot Before: 2026-11-22T02:43:07Z\nExpiration Time: 2026-11-22T02:48:07Z"),
        "shape",
    ),
    "resources before the request id": (("07Z", "07Z\nResources:\n- a:b\nRequest ID: a"), "shape"),
    "no chain": (("Chain ID: 8996\n", ""), "shape"),
    "no nonce": (("Nonce: 0aB3c4D5\n", ""), "shape"),
    "name in lower case": (("Nonce: ", "nonce: "), "shape"),
    "no space after a name": (("Nonce: ", "Nonce:"), "shape"),
    "two spaces after a name": (("Nonce: ", "Nonce:  "), "nonce"),
    "CRLF everywhere": (("\n", "\r\n"), "shape"),
    "carriage return in a line": (("8996\n", "8996\r\n"), "chain_id"),
    "line feed at the end": (("07Z", "07Z\n"), "shape"),
    "space at the end": (("07Z", "07Z "), "issued_at"),
    "line before everything": (("gateway.test wants", "hello\ngateway.test wants"), "shape"),
    "line after everything": (("07Z", "07Z\nPay: everything"), "shape"),
    "unknown field": (("Nonce:", "Amount: 5\nNonce:"), "shape"),
    "byte order mark": (("gateway.test wants", "\ufeffgateway.test wants"), "domain"),
    "huge": (("gateway.test wants", "a" * 9000 + ".test wants"), "length"),
}

SIGNED = {
    "v 27": (
        "login.xyz wants you to sign in with your Ethereum account:\n"
        "0x9D85ca56217D2bb651b00f15e694EB7E713637D4\n\n"
        "Sign-In With Ethereum Example Statement\n\n"
        "URI: https://login.xyz\nVersion: 1\nChain ID: 1\nNonce: bTyXgcQxn2htgkjJn\n"
        "Issued At: 2022-01-27T17:09:38.578Z\nExpiration Time: 2100-01-07T14:31:43.952Z",
        "0xdc35c7f8ba2720df052e0092556456127f00f7707eaa8e3bbff7e56774e7f2e0"
        "5a093cfc9e02964c33d86e8e066e221b7d153d27e5a2e97ccd5ca7d3f2ce06cb1b",
    ),
    "v 1": (
        "www.tally.xyz wants you to sign in with your Ethereum account:\n"
        "0xc95EB884FE852e241D409234bfC7045CB9E31BD7\n\n"
        "Sign in with Ethereum to Tally\n\n"
        "URI: https://tally.xyz\nVersion: 1\nChain ID: 1\nNonce: 15050747\n"
        "Issued At: 2022-06-30T14:08:51.382Z",
        "0x8c46b6eb8505939892d8e9b075f89f8277321b17b993151f37810cdda38cce6f"
        "4a85909d2b53e6a14629c74c0ac38bf4becde78ee5b2529812bf6cceaf7b2a2501",
    ),
}
