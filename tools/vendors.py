#!/usr/bin/env python3
"""Writes the compact table of MAC prefixes that crates/core/src/inventory/vendor.rs reads.

usage: vendors.py OUT.bin FILE...     each FILE: IEEE's oui.csv, mam.csv or oui36.csv, or lines of "PREFIX:NAME" (hexadecimal)

The listings are IEEE's public ones (https://standards-oui.ieee.org, MA-L, MA-M and MA-S): facts, on which IEEE asserts no
copyright. Where two files have the same prefix, the later file wins.

Shape, all numbers little-endian unless said otherwise: four sections, each behind its length in four bytes: the names, then the
prefixes of 36, 28 and 24 bits. A section is the number of its blocks in four bytes, its index, and the blocks.
Names are sorted; a block holds 16, each as varint(shared with the one before) varint(length of the rest) rest; its index entry is the
block's offset in four bytes. Prefixes are sorted; a block holds 64, each as varint(distance from the one before, from zero in each
block) varint(number of the name); its index entry is the first prefix in five bytes, big-endian, and the block's offset in four.
"""
import csv
import re
import sys

LENGTHS = (9, 7, 6)  # hexadecimal digits
LONGEST = 24
# Words that tell a company's legal form and nothing else.
FORMS = r"(?:inc|incorporated|corp|corporation|co|company|ltd|limited|llc|gmbh|ag|kg|bv|b\.v|nv|n\.v|sa|s\.a|srl|s\.r\.l|spa|s\.p\.a|ab|oy|" \
    r"as|a/s|aps|pty|pte|plc|sas|s\.a\.s|sarl|kk|k\.k|s\.r\.o|sro|sp\. z o\.o|z o\.o|lp|l\.p|l\.l\.c|intl|international|technology|" \
    r"technologies|electronics|electronic|communications|communication|equipment|network|networks|systems|system|industries|industrial|industry|group|holdings|holding|solutions|(?:shenzhen|beijing|shanghai|hangzhou))"


def short(name):
    name = " ".join(name.replace("\ufeff", "").split())
    while True:
        cut = re.sub(r"[\s,.(]+" + FORMS + r"[\s.,)]*$", "", name, flags=re.I).strip(" ,.")
        if cut == name or not cut:
            break
        name = cut
    if name.isupper() and len(name) > 5:
        name = name.title()
    return name.encode()[:LONGEST].decode(errors="ignore").strip() or "?"


def entries(path):
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        if path.endswith(".csv"):
            for row in csv.reader(file):
                if len(row) > 2 and re.fullmatch("[0-9A-Fa-f]{6,9}", row[1]):
                    yield row[1].upper(), row[2]
        else:
            for line in file:
                prefix, _, name = line.strip().partition(":")
                if re.fullmatch("[0-9A-Fa-f]{6,9}", prefix) and name:
                    yield prefix.upper(), name


def varint(number):
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def section(index, blocks):
    body = len(index).to_bytes(4, "little") + b"".join(index) + b"".join(blocks)
    return len(body).to_bytes(4, "little") + body


def names_section(names):
    index, blocks, offset = [], [], 0
    for begin in range(0, len(names), 16):
        block, before = b"", b""
        for name in names[begin:begin + 16]:
            shared = 0
            while shared < min(len(name), len(before)) and name[shared] == before[shared]:
                shared += 1
            block += varint(shared) + varint(len(name) - shared) + name[shared:]
            before = name
        index.append(offset.to_bytes(4, "little"))
        blocks.append(block)
        offset += len(block)
    return section(index, blocks)


def prefixes_section(prefixes):
    index, blocks, offset = [], [], 0
    for begin in range(0, len(prefixes), 64):
        block, before = b"", 0
        for prefix, name in prefixes[begin:begin + 64]:
            block += varint(prefix - before) + varint(name)
            before = prefix
        index.append(prefixes[begin][0].to_bytes(5, "big") + offset.to_bytes(4, "little"))
        blocks.append(block)
        offset += len(block)
    return section(index, blocks)


def main(out, files):
    table = {}
    for file in files:
        for prefix, name in entries(file):
            if name.strip().lower() not in ("ieee registration authority", "private"):
                table[prefix] = short(name).encode()
    # The most common names get the shortest numbers only by chance; sorted, they share the most.
    names = sorted(set(table.values()))
    number = {name: at for at, name in enumerate(names)}
    sections = [names_section(names)]
    for digits in LENGTHS:
        sections.append(prefixes_section(sorted((int(p, 16), number[n]) for p, n in table.items() if len(p) == digits)))
    with open(out, "wb") as file:
        file.write(b"".join(sections))
    print(f"{len(table)} prefixes, {len(names)} names, {sum(map(len, sections))} bytes", [len(s) for s in sections])


main(sys.argv[1], sys.argv[2:])
