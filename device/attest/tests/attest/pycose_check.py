"""Verifies a PSA attestation token with pycose and cbor2: python pycose_check.py TOKEN PUBLIC-KEY NONCE (hex).

Prints the claims as JSON, byte strings in hex, and ends with 0 only if everything holds.
"""

import hashlib
import json
import sys

import cbor2
from pycose.algorithms import Es256
from pycose.headers import Algorithm
from pycose.keys import EC2Key
from pycose.keys.curves import P256
from pycose.messages import CoseMessage, Sign1Message


def readable(value):
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {str(key): readable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [readable(item) for item in value]
    return value


def main() -> int:
    token, public, nonce = (bytes.fromhex(argument) for argument in sys.argv[1:])
    message = CoseMessage.decode(token)
    if not isinstance(message, Sign1Message):
        return print("not a COSE_Sign1") or 1
    if message.phdr != {Algorithm: Es256} or message.uhdr:
        return print(f"headers: {message.phdr} {message.uhdr}") or 1
    message.key = EC2Key(crv=P256, x=public[1:33], y=public[33:])
    if not message.verify_signature():
        return print("the signature does not verify") or 1
    claims = cbor2.loads(message.payload)
    if cbor2.dumps(claims, canonical=True) != message.payload:
        return print("not encoded deterministically") or 1
    if claims[10] != nonce:
        return print("another nonce") or 1
    if claims[256] != b"\x01" + hashlib.sha256(public).digest():
        return print("the instance ID is not that of the key") or 1
    print(json.dumps(readable(dict(claims))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
