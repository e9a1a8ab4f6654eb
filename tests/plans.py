#!/usr/bin/env python3
"""Writes src/numbering/plans.txt from libphonenumber's metadata.

    cargo fetch
    python3 tests/plans.py ~/.cargo/registry/src/*/rlibphonenumber-*/src/generated/metadata/metadata.bin \
        > src/numbering/plans.txt

Run it after an update of the dev-dependency rlibphonenumber; the test `reads_as_libphonenumber_does` says when.
"""
import sys

HEADER = """\
# Numbering plans of the world: data of libphonenumber, Copyright The Libphonenumber Authors, Apache License 2.0.
# Written by tests/plans.py; do not edit. A plan begins with `=`: country (001: of no country), calling code, `main` where
# it is the first of several countries with that code, `same` where fixed and mobile can't be told apart. Then, each where
# there is one: idd (international prefix), prefix (national prefix), rule (what replaces it), leading (digits that only
# this country has), general (possible lengths, lengths without area code, pattern) and kinds (lengths, pattern).
"""
KINDS = {3: "mobile", 2: "fixed", 5: "premium", 4: "toll_free", 6: "shared", 8: "voip", 7: "personal", 21: "pager",
         25: "uan", 28: "voicemail"}


def message(data):
    """Fields of a protobuf message, in order: number, value."""
    at = 0

    def varint():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        elif key & 7 == 2:
            size = varint()
            yield key >> 3, data[at:at + size]
            at += size
        else:
            raise ValueError(f"wire type {key & 7}")


def pattern(data):
    """A pattern without its anchors."""
    text = data.decode()
    assert text.startswith("^(?:") and text.endswith(")$"), text
    return text[4:-2]


def lengths(fields, number):
    found = [value for key, value in fields if key == number]
    return ",".join(map(str, found)) or "-"


def main():
    print(HEADER, end="")
    with open(sys.argv[1], "rb") as file:
        plans = [list(message(data)) for _, data in message(file.read())]
    for fields in plans:
        plan = dict(fields)
        flags = (" main" if plan.get(22) else "") + (" same" if plan.get(18) else "")
        print(f"= {plan[9].decode()} {plan[10]}{flags}")
        for key, name in (11, "idd"), (15, "prefix"), (23, "leading"):
            if plan.get(key):
                print(name, pattern(plan[key]))
        if plan.get(16):
            print("rule", plan[16].decode())
        general = list(message(plan[1]))
        print("general", lengths(general, 9), lengths(general, 10), pattern(dict(general)[2]))
        for key, name in KINDS.items():
            kind = list(message(plan.get(key, b"")))
            if dict(kind).get(2):
                print(name, lengths(kind, 9), pattern(dict(kind)[2]))


main()
