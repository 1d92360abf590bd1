#!/usr/bin/env python3
"""Compares the tensors of two checkpoints: prints the largest difference; exits with 1 if it is above a limit, or the tensors are others.

Usage: compare-checkpoints.py A B LIMIT [weights]   with "weights", neither moments of the optimizer nor the carried state
"""
import array
import json
import struct
import sys


def tensors(path):
    with open(path, "rb") as file:
        content = file.read()
    (length,) = struct.unpack("<Q", content[:8])
    header = json.loads(content[8 : 8 + length])
    found = {}
    for name, entry in header.items():
        if name != "__metadata__":
            begin, end = entry["data_offsets"]
            found[name] = array.array("f", content[8 + length + begin : 8 + length + end])
    return found


first, second = tensors(sys.argv[1]), tensors(sys.argv[2])
weights_only = len(sys.argv) > 4
if weights_only:
    first, second = (
        {name: values for name, values in some.items() if not name.startswith(("optimizer.", "state."))} for some in (first, second)
    )
if first.keys() != second.keys() or any(len(first[name]) != len(second[name]) for name in first):
    sys.exit(f"{sys.argv[1]} and {sys.argv[2]} have other tensors")
difference = max(abs(a - b) for name in first for a, b in zip(first[name], second[name]))
print(f"{difference:.3g}")
sys.exit(difference > float(sys.argv[3]))
