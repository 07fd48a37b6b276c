"""The same learning in one process, which the peers are compared with: SGD along the mean of the honest workers' gradients,
on the very batches that they draw, as if all trusted each other.

    python3 baseline.py PROGRAM SETTINGS        SETTINGS is JSON, as `Settings` in run.ts writes it

PROGRAM is an example of python/examples/. Each step and each evaluation is a line of JSON on standard output.
"""

import contextlib
import importlib.util
import json
import os
import sys
import time

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
from concord_oracle import Task, _flat, _split  # noqa: E402


def main(program, settings):
    wire = sys.stdout
    with contextlib.redirect_stdout(sys.stderr):
        sys.path.insert(0, os.path.dirname(program))
        spec = importlib.util.spec_from_file_location("program", program)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        hello = {key: settings[key] for key in ("peers", "seed", "data", "partition")}
        workers = range(settings["workers"])
        tasks = [Task({**hello, "peer": peer, "relabel": None}) for peer in workers]
        oracles = [module.setup(task, settings["words"]) for task in tasks]
        for event in learn(oracles, settings):
            print(json.dumps(event), file=wire, flush=True)


def learn(oracles, settings):
    initial = oracles[0].parameters
    names, shapes = list(initial), [value.shape for value in initial.values()]
    flat = _flat(initial, names)
    theta, momentum, mean = _split(flat, names, shapes), np.zeros_like(flat), np.empty_like(flat)
    beta = settings["momentum"]
    yield {"kind": "start", "dimension": len(flat)}
    yield evaluation(oracles[0], theta, 0)
    for step in range(1, settings["steps"] + 1):
        start, losses = time.perf_counter(), []
        mean[:] = 0
        for oracle in oracles:
            gradient, loss = oracle.gradient(theta, step, settings["batch"])
            gradient = _flat(gradient, names)
            length = np.linalg.norm(gradient)
            scale = min(1, settings["clip"] / length) if settings["clip"] else 1
            mean += gradient * np.float32(scale / len(oracles))
            losses.append(loss)
        momentum = beta * momentum + (1 - beta) * mean
        flat -= np.float32(settings["rate"]) * momentum
        yield {"kind": "step", "step": step, "loss": sum(losses) / len(losses), "seconds": time.perf_counter() - start}
        if step % settings["evaluateEvery"] == 0 or step == settings["steps"]:
            yield evaluation(oracles[0], theta, step)
    if settings["save"]:
        save(settings["save"], theta)


def evaluation(oracle, theta, step):
    loss, metrics = oracle.evaluate(theta)
    return {"kind": "evaluation", "step": step, "loss": loss, "accuracy": metrics["accuracy"]}


def save(path, tensors):
    """As `concord join --save` does: .safetensors."""
    header, end = {}, 0
    for name, values in tensors.items():
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [end, end + values.nbytes]}
        end += values.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for values in tensors.values():
            file.write(values.tobytes())


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
