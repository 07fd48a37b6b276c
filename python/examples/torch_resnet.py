"""ResNet-18 with group normalisation (11.2 million parameters) on Fashion-MNIST's IDX files; each peer takes its share:

    concord demo --oracle "python3 python/examples/torch_resnet.py" --data path/to/fashion-mnist --protocol rb-tm \\
        --peers 4 --batch 16 --rate 0.5

`--device cuda` and the like name where to compute; `--width 8` makes the network an eighth as wide, to try things out.
The first 1000 test images are what is tested on. Group normalisation has no buffers: peers agree on the whole model.
"""

import argparse
import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402
from idx import idx, pixels  # noqa: E402

TESTED = 1000


def layer(inputs, outputs, stride=1, size=3):
    convolution = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
    return nn.Sequential(convolution, nn.GroupNorm(min(32, outputs // 2), outputs))


class Block(nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.first, self.second = layer(inputs, outputs, stride), layer(outputs, outputs)
        self.short = nn.Identity() if inputs == outputs else layer(inputs, outputs, stride, 1)

    def forward(self, x):
        return torch.relu(self.second(torch.relu(self.first(x))) + self.short(x))


def build(width):
    """The stem has a stride of 2, which suits images of 28 × 28."""
    blocks = [Block(width * max(1, times // 2), width * times, 1 if times == 1 else 2) for times in (1, 2, 4, 8)]
    again = [Block(width * times, width * times, 1) for times in (1, 2, 4, 8)]
    body = [each for pair in zip(blocks, again) for each in pair]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * width, 10)]
    return nn.Sequential(layer(1, width, 2), nn.ReLU(), *body, *head)


def part(folder, name, some):
    images, labels = idx(folder, f"{name}-images-idx3-ubyte")[some], idx(folder, f"{name}-labels-idx1-ubyte")[some]
    return torch.from_numpy(pixels(images)).view(-1, 1, 28, 28), torch.tensor(labels).long()


def setup(task, words=None):
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--device", default="auto")
    options.add_argument("--width", type=int, default=64)
    options = options.parse_args(words)
    torch.set_num_threads(1)  # there is one such process for each peer
    mine = task.share(idx(task.data, "train-labels-idx1-ubyte"))
    train, test = part(task.data, "train", mine), part(task.data, "t10k", slice(TESTED))
    return TorchOracle(task, lambda: build(options.width), nn.CrossEntropyLoss(), train, test, device=options.device)


if __name__ == "__main__":
    serve(setup)
