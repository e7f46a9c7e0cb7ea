"""Checksums: the number by which Flyway knows a file again, and the key of its lock.

One CRC32 over the UTF-8 bytes of each line without its end, signed. Followed: flyway-core 13, ChecksumCalculator and
PostgreSQLConnection.
"""

import re
import struct
import zlib

LINE_END = re.compile(r"\r\n|\r|\n")
"""As Java's readLine; `str.splitlines` cuts at more characters."""
_BYTE_ORDER_MARK = "\ufeff"


def checksum(text: str) -> int:
    """Of a whole file: neither line ends nor blank lines count, white space and comments do."""
    lines = text.removeprefix(_BYTE_ORDER_MARK).replace("\r", "").replace("\n", "")
    return _signed(zlib.crc32(lines.encode("utf-8", "replace")))


def ancient(content: bytes) -> int:
    """What Flyway 3 stored: of the bytes as they are. Only to explain a mismatch."""
    return _signed(zlib.crc32(content))


def postgres_lock_key(schema: str, table: str) -> int:
    """Of Flyway's advisory lock: who takes the same one excludes Flyway."""
    return int.from_bytes(b"Flyway", "big") + _java_hash(f'"{schema}"."{table}"')


def _java_hash(text: str) -> int:
    """Java's String.hashCode."""
    value = 0
    for (unit,) in struct.iter_unpack(">H", text.encode("utf-16-be")):
        value = (31 * value + unit) & 0xFFFFFFFF
    return _signed(value)


def _signed(number: int) -> int:
    return number - (1 << 32) if number >= 1 << 31 else number
