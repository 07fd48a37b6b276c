"""Turns Python code into an oracle for Concord: one file, no dependency but NumPy. Copy it beside your program.

    from concord_oracle import serve

    def setup(task):
        ...                                   # load data, build the model
        return Oracle(...)                    # anything with the four members below

    serve(setup)

and then `concord join --oracle "python3 train.py" …`. The object that `setup` returns has

    parameters   the initial tensors: a dict of name -> float array, in order
    examples     how many training examples this peer holds
    gradient(theta, step, batch) -> (gradient, loss)
                 theta and gradient are dicts like `parameters` (a gradient may also be a flat array);
                 loss is the mean over the batch. It must be a function of its arguments and of the task:
                 draw the batch with `task.batch(step, batch, examples)` or from `task.rng(step)`.
    evaluate(theta) -> (loss, accuracy)
                 on the test set; accuracy is in [0, 1], or None if there is no such number

The arrays of theta are valid until the function returns. Printed text goes to standard error, which Concord shows.
The protocol is docs/oracles.md.
"""

import json
import math
import mmap
import os
import struct
import sys
import traceback

import numpy as np

PROTOCOL = 1
MAGIC = b"\x93CONCORD"
PREAMBLE = struct.Struct("<8sII")


class Task:
    """This peer's task: `peer` of `peers`, `seed`, and `data` and `partition` from the command line."""

    def __init__(self, hello):
        self.peer = hello["peer"]
        self.peers = hello["peers"]
        self.seed = hello["seed"]
        self.data = hello["data"]
        self.partition = hello["partition"]
        # "flip" if this peer plays the attack label-flip: train on labels classes - 1 - label
        self.relabel = hello["relabel"]

    def rng(self, *labels):
        """Random numbers that depend on the run's seed, this peer and the labels (whole numbers) alone."""
        return np.random.default_rng([self.seed, self.peer, *labels])

    def batch(self, step, batch, examples):
        """Indices of the batch of a step, drawn with replacement from this peer's examples."""
        return self.rng(step).integers(0, examples, batch)

    def share(self, labels):
        """Indices of this peer's examples in the requested partition. The data must be the same on every peer."""
        labels = np.asarray(labels)
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(labels))
        kind, _, value = self.partition.partition(":")
        if kind == "label":
            order = order[np.argsort(labels[order], kind="stable")]
        elif kind == "dirichlet":
            members = (order[labels[order] == label] for label in np.unique(labels))
            return np.concatenate([self._cut(some, float(value), rng) for some in members])
        elif kind == "quantity":
            return self._cut(order, float(value), rng)
        elif kind != "iid":
            raise ValueError(
                f"partition {self.partition!r}: expected iid, label, dirichlet:ALPHA or quantity:ALPHA"
            )
        return np.array_split(order, self.peers)[self.peer]

    def _cut(self, members, alpha, rng):
        """This peer's piece of these, in proportions drawn from Dirichlet(alpha)."""
        cuts = np.cumsum(rng.dirichlet([alpha] * self.peers))[:-1] * len(members)
        return np.split(members, np.rint(cuts).astype(int))[self.peer]


def serve(setup):
    """Answers Concord until it says goodbye."""
    # Standard output belongs to the protocol: printed text goes to standard error instead.
    wire = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    oracle, names, shapes = None, [], []
    theta, result = np.empty(0, "<f4"), None
    while True:
        header = _read(theta)
        if header is None or header["type"] == "bye":
            return
        try:
            if header["type"] == "hello":
                if header["protocol"] != PROTOCOL:
                    raise RuntimeError(f"Concord speaks protocol {header['protocol']}, this file {PROTOCOL}")
                oracle = setup(Task(header))
                names = list(oracle.parameters)
                shapes = [np.shape(value) for value in oracle.parameters.values()]
                start = _flat(oracle.parameters, names)
                theta, result = _vectors(header.get("shared"), len(start))
                answer = {
                    "type": "hello",
                    "protocol": PROTOCOL,
                    "dimension": len(start),
                    "parameters": [{"name": n, "shape": list(s)} for n, s in zip(names, shapes)],
                    "examples": int(oracle.examples),
                    "shared": result is not None,
                    "software": f"Python {sys.version.split()[0]}, NumPy {np.__version__}",
                }
                _write(wire, answer, start)
            elif header["type"] == "gradient":
                tensors = _split(theta, names, shapes)
                gradient, loss = oracle.gradient(tensors, header["step"], header["batch"])
                flat = _flat(gradient, names, result)
                answer = {"type": "gradient", "id": header["id"], "loss": _number(loss)}
                _write(wire, answer, flat if result is None else None)
            elif header["type"] == "evaluate":
                loss, accuracy = oracle.evaluate(_split(theta, names, shapes))
                accuracy = None if accuracy is None else float(accuracy)
                _write(wire, {"type": "evaluation", "id": header["id"], "loss": _number(loss), "accuracy": accuracy})
            else:
                raise RuntimeError(f"Concord asks for {header['type']!r}, which this file does not know")
        except Exception as error:  # reported to the peer, which decides
            traceback.print_exc()
            _write(wire, {"type": "error", "id": header.get("id"), "message": f"{type(error).__name__}: {error}"})


def _split(flat, names, shapes):
    tensors, start = {}, 0
    for name, shape in zip(names, shapes):
        size = math.prod(shape)
        tensors[name] = flat[start : start + size].reshape(shape)
        start += size
    return tensors


def _flat(tensors, names, out=None):
    """All tensors one after another in one array of 32-bit floats, `out` if given."""
    parts = [tensors[name] for name in names] if isinstance(tensors, dict) else [tensors]
    parts = [np.asarray(part, "<f4").reshape(-1) for part in parts]
    size = sum(map(len, parts))
    if out is not None and size != len(out):
        raise ValueError(f"a gradient of {size} values, expected {len(out)}")
    return np.concatenate(parts, out=out)


def _vectors(shared, size):
    """Arrays for θ and the gradient in the file that Concord shares; without the file there is none for the gradient."""
    if shared is None or size == 0:
        return np.empty(size, "<f4"), None
    file = os.open(shared, os.O_RDWR)
    os.ftruncate(file, 8 * size)
    memory = mmap.mmap(file, 8 * size)
    os.close(file)
    return np.frombuffer(memory, "<f4", size), np.frombuffer(memory, "<f4", size, 4 * size)


def _number(value):
    value = float(value)
    return value if math.isfinite(value) else None


def _read(theta):
    """The next header, with its payload in `theta`; None at the end of the input."""
    preamble = bytearray(PREAMBLE.size)
    if not _fill(memoryview(preamble)):
        return None
    magic, header_size, payload_size = PREAMBLE.unpack(preamble)
    if magic != MAGIC:
        raise SystemExit("standard input does not speak Concord's protocol: start me with concord join --oracle")
    header = bytearray(header_size)
    _fill(memoryview(header))
    if payload_size not in (0, theta.nbytes):
        raise SystemExit(f"a vector of {payload_size // 4} values, expected {theta.size}")
    if payload_size:
        _fill(memoryview(theta).cast("B"))
    return json.loads(header.decode())


def _fill(view):
    while len(view) > 0:
        count = os.readv(0, [view]) if hasattr(os, "readv") else _read_into(view)
        if count == 0:
            return False
        view = view[count:]
    return True


def _read_into(view):
    part = os.read(0, len(view))
    view[: len(part)] = part
    return len(part)


def _write(wire, header, vector=None):
    text = json.dumps(header).encode()
    payload = memoryview(b"") if vector is None else memoryview(vector).cast("B")
    _write_all(wire, memoryview(PREAMBLE.pack(MAGIC, len(text), len(payload)) + text))
    _write_all(wire, payload)


def _write_all(wire, view):
    while len(view) > 0:
        view = view[os.write(wire, view) :]
