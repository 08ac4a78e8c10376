#!/usr/bin/env python3
"""patch.py IN.so OUT.so: a copy that a host's C library can load, with the shim.

Drops the needs of bionic's symbol versions, and renames the symbols that shim.c
replaces. For runs on a PC; never shipped.
"""

import struct
import sys

RENAMED = {
    b"sysconf": b"sYsconf",
    b"pthread_attr_init": b"pThread_attr_init",
    b"pthread_attr_destroy": b"pThread_attr_destroy",
    b"pthread_attr_setstacksize": b"pThread_attr_setstacksize",
    b"pthread_create": b"pThread_create",
    b"getaddrinfo": b"gEtaddrinfo",
    b"freeaddrinfo": b"fReeaddrinfo",
    b"__register_atfork": b"bIregister_atfork",
}
PT_LOAD, PT_DYNAMIC = 1, 2
DT_NULL, DT_STRTAB, DT_STRSZ, DT_IGNORED = 0, 5, 10, 0x6FFFFEF0
VERSIONS = {0x6FFFFFF0, 0x6FFFFFFE, 0x6FFFFFFF}  # DT_VERSYM, DT_VERNEED, DT_VERNEEDNUM

data = bytearray(open(sys.argv[1], "rb").read())
table = struct.unpack_from("<Q", data, 32)[0]
headers = [
    struct.unpack_from("<IIQQQQQQ", data, table + 56 * i)
    for i in range(struct.unpack_from("<H", data, 56)[0])
]


def offset(address):
    """Where in the file an address is."""
    return next(
        address - h[3] + h[2] for h in headers if h[0] == PT_LOAD and h[3] <= address < h[3] + h[5]
    )


at = next(h for h in headers if h[0] == PT_DYNAMIC)[2]
names = size = 0
while True:
    tag, value = struct.unpack_from("<QQ", data, at)
    if tag == DT_NULL:
        break
    if tag in VERSIONS:
        struct.pack_into("<QQ", data, at, DT_IGNORED, 0)
    elif tag == DT_STRTAB:
        names = offset(value)
    elif tag == DT_STRSZ:
        size = value
    at += 16

for old, new in RENAMED.items():
    found = data.find(b"\0" + old + b"\0", names, names + size)
    if found >= 0:
        data[found + 1 : found + 1 + len(old)] = new

open(sys.argv[2], "wb").write(data)
