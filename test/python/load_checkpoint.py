"""Loads a checkpoint without Concord and prints loss and accuracy of its model on a test set, as JSON.

    load_checkpoint.py numpy mlp.safetensors DIR        our MLP, in JAX's order of axes, by NumPy alone
    load_checkpoint.py torch lenet.safetensors DIR      LeNet as a PyTorch module, by load_state_dict
"""

import json
import os
import struct
import sys

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


def mlp(state, x):
    hidden = np.maximum(x @ state["hidden.weight"] + state["hidden.bias"], 0)
    return hidden @ state["output.weight"] + state["output.bias"]


def lenet(state, x):
    import torch
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

    module = LeNet()
    module.load_state_dict({name: torch.from_numpy(value.copy()) for name, value in state.items()})
    with torch.no_grad():
        return module(torch.from_numpy(x).reshape(-1, 1, 28, 28)).numpy()


framework, path, folder = sys.argv[1:]
x, y = pixels(idx(folder, "t10k-images-idx3-ubyte")), idx(folder, "t10k-labels-idx1-ubyte")
logits = (lenet if framework == "torch" else mlp)(tensors(path), x).astype(np.float64)
logits -= logits.max(1, keepdims=True)
loss = (np.log(np.exp(logits).sum(1)) - logits[np.arange(len(y)), y]).mean()
print(json.dumps({"loss": loss, "accuracy": (logits.argmax(1) == y).mean()}))
