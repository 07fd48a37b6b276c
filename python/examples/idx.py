"""MNIST's file format, for the examples beside this file."""

import gzip
import os

import numpy as np


def idx(folder, name):
    """The array in an IDX file of unsigned bytes, plain or gzipped."""
    if not os.path.isdir(folder):
        raise ValueError(f"--data is {folder!r}: expected a directory with MNIST's four IDX files")
    path = os.path.join(folder, name)
    with gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb") as file:
        data = file.read()
    shape = [int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(data[3])]
    return np.frombuffer(data, np.uint8, offset=4 + 4 * data[3]).reshape(shape)


def pixels(images):
    """One image in each row, normalised as in the papers."""
    return (images.reshape(len(images), -1) / np.float32(255) - np.float32(0.1307)) / np.float32(0.3081)
