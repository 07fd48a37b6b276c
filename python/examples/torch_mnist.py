"""A small MLP in PyTorch on MNIST's IDX files (or any like them), of which each peer takes its share:

    concord demo --oracle "python3 python/examples/torch_mnist.py" --data path/to/mnist --rate 0.2
"""

import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402
from idx import idx, pixels  # noqa: E402


def build():
    return nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))


def part(folder, name, some=slice(None)):
    images, labels = idx(folder, f"{name}-images-idx3-ubyte")[some], idx(folder, f"{name}-labels-idx1-ubyte")[some]
    return torch.from_numpy(pixels(images)), torch.tensor(labels).long()


def setup(task):
    torch.set_num_threads(1)  # there is one such process for each peer
    mine = task.share(idx(task.data, "train-labels-idx1-ubyte"))
    return TorchOracle(task, build, nn.CrossEntropyLoss(), part(task.data, "train", mine), part(task.data, "t10k"))


serve(setup)
