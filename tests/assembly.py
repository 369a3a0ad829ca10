"""Tiny contracts in hand-assembled EVM code, for tests that need one nobody published."""


def init_code(runtime: bytes) -> bytes:
    """Code that deploys `runtime` (at most 255 bytes): PUSH1 size, DUP1, PUSH1 9, CODECOPY to 0, RETURN."""
    return bytes([0x60, len(runtime), 0x80, 0x60, 0x09, 0x3D, 0x39, 0x3D, 0xF3]) + runtime


def emitter() -> bytes:
    """A contract that emits LOG3 with the first three words of its call data as topics, the rest as data."""
    return init_code(
        bytes.fromhex(
            "60603603"  # CALLDATASIZE - 0x60
            "806060600037"  # CALLDATACOPY(0, 0x60, size)
            "604035602035600035"  # topic 2, topic 1, topic 0
            "836000a300"  # LOG3(0, size), STOP
        )
    )


def smart_account(owner: str) -> bytes:
    """EIP-1271: accepts 65-byte signatures (v 27 or 28) that `owner` made of the digest itself."""
    runtime = (
        "600435600052"  # memory[0x00] = digest
        "60a43560f81c602052"  # memory[0x20] = v
        "606435604052"  # memory[0x40] = r
        "608435606052"  # memory[0x60] = s
        "602060006080600060015afa50"  # STATICCALL(gas, 1, 0, 0x80, 0, 0x20): ecrecover
        f"60005173{owner[2:]}14"  # memory[0] == owner
        "631626ba7e60e01b02600052"  # times the magic value
        "60206000f3"  # RETURN(0, 0x20)
    )
    return init_code(bytes.fromhex(runtime))


def reverting() -> bytes:
    """A contract that reverts whatever it is asked."""
    return init_code(bytes.fromhex("60006000fd"))


def endless() -> bytes:
    """A contract that loops until its gas is gone: JUMPDEST, PUSH1 0, JUMP."""
    return init_code(bytes.fromhex("5b600056"))


def answering(word: bytes) -> bytes:
    """A contract that answers every call with this 32-byte word."""
    return init_code(b"\x7f" + word + bytes.fromhex("60005260206000f3"))
