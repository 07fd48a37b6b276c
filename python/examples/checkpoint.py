"""Reads what Concord's --save writes, for the examples beside this file."""

import hashlib
import json

import numpy as np


def read_checkpoint(path, sha256=None):
    """The tensors of a .safetensors file of 32-bit floats by name, once its digest is found to be the expected one."""
    with open(path, "rb") as file:
        data = file.read()
    found = hashlib.sha256(data).hexdigest()
    if sha256 not in (None, found):
        raise ValueError(f"{path} has the SHA-256 {found}: expected {sha256}, the file that the other members have")
    size = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + size])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] != "F32":
            raise ValueError(f"{path} has {name!r} in {entry['dtype']}: expected 32-bit floats")
        first, last = entry["data_offsets"]
        values = np.frombuffer(data, "<f4", (last - first) // 4, 8 + size + first)
        tensors[name] = values.reshape(entry["shape"]).copy()
    return tensors
