"""Loads a checkpoint without Concord and prints loss and accuracy of its model on a test set, as JSON.

    load_checkpoint.py numpy mlp.safetensors DIR        an MLP of any size, in JAX's order of axes, by NumPy alone
    load_checkpoint.py torch lenet.safetensors DIR      LeNet or an MLP as a PyTorch module, by load_state_dict
"""

import json
import os
import struct
import sys
from collections import OrderedDict

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python", "examples"))
from idx import idx, pixels  # noqa: E402


def tensors(path):
    with open(path, "rb") as file:
        data = file.read()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    return {
        name: np.frombuffer(data, "<f4", (to - start) // 4, 8 + length + start).reshape(entry["shape"])
        for name, entry in header.items()
        for start, to in [entry["data_offsets"]]
    }


def hidden_layers(state):
    """hidden, or hidden1, hidden2, …, in this order, however the file orders its tensors."""
    return sorted({name.split(".")[0] for name in state} - {"output"}, key=lambda name: int(name[6:] or 0))


def mlp(state, x):
    for name in hidden_layers(state):
        x = np.maximum(x @ state[f"{name}.weight"] + state[f"{name}.bias"], 0)
    return x @ state["output.weight"] + state["output.bias"]


def lenet(state, x):
    from torch import nn

    class LeNet(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1, self.conv2 = nn.Conv2d(1, 20, 5), nn.Conv2d(20, 50, 5)
            self.fc1, self.fc2 = nn.Linear(800, 500), nn.Linear(500, 10)

        def forward(self, x):
            x = nn.functional.max_pool2d(self.conv1(x).relu(), 2)
            x = nn.functional.max_pool2d(self.conv2(x).relu(), 2)
            return self.fc2(self.fc1(x.flatten(1)).relu())

    return outputs(LeNet(), state, x.reshape(-1, 1, 28, 28))


def torch_mlp(state, x):
    """The module of docs/models.md."""
    from torch import nn

    layers = OrderedDict()
    for i, name in enumerate(hidden_layers(state)):
        units, inputs = state[f"{name}.weight"].shape
        layers[name] = nn.Linear(inputs, units)
        layers[f"relu{i + 1}"] = nn.ReLU()
    classes, inputs = state["output.weight"].shape
    layers["output"] = nn.Linear(inputs, classes)
    return outputs(nn.Sequential(layers), state, x)


def outputs(module, state, x):
    import torch

    module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy()


framework, path, folder = sys.argv[1:]
x, y = pixels(idx(folder, "t10k-images-idx3-ubyte")), idx(folder, "t10k-labels-idx1-ubyte")
state = tensors(path)
model = mlp if framework == "numpy" else lenet if "conv1.weight" in state else torch_mlp
logits = model(state, x).astype(np.float64)
logits -= logits.max(1, keepdims=True)
loss = (np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]).mean()
print(json.dumps({"loss": loss, "accuracy": (logits.argmax(1) == y).mean()}))
