"""A character transformer (1 million parameters, or 10) that learns a text file, of which each peer takes its part:

    concord demo --oracle "python3 python/examples/torch_transformer.py" --data text.txt --protocol rb-tm --peers 4 \\
        --batch 16 --rate 1
    concord join … --oracle "python3 torch_transformer.py --size large" --data our-letters.txt

In a cohort with `partition: own` the file is the member's own, and all of it is learnt. Its bytes are the alphabet, so
that members agree on one whatever their language. The last tenth of the text is held out to test on. `--size` is tiny
(30,000 parameters, to try things out), small (1 million) or large (10 million), and is the same for all members;
`--device cuda` and the like name where to compute.
"""

import argparse
import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402

LENGTH = 64  # of a piece of text
TESTED = 100  # pieces
SIZES = {"tiny": (32, 1, 2), "small": (128, 5, 4), "large": (384, 6, 6)}  # width, blocks, heads


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.norm1, self.norm2 = heads, nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, future):
        rows, length, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(rows, length, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = (q @ k.transpose(2, 3) * q.shape[-1] ** -0.5 + future).softmax(3) @ v
        x = x + self.out(seen.transpose(1, 2).reshape(rows, length, width))
        return x + self.down(nn.functional.gelu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    def __init__(self, width, blocks, heads):
        super().__init__()
        self.byte, self.place = nn.Embedding(256, width), nn.Embedding(LENGTH, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(blocks))
        self.norm, self.next = nn.LayerNorm(width), nn.Linear(width, 256)

    def forward(self, text):
        length = text.shape[1]
        x = self.byte(text) + self.place.weight[:length]
        future = torch.full((length, length), float("-inf"), device=text.device).triu(1)
        for block in self.blocks:
            x = block(x, future)
        return self.next(self.norm(x)).transpose(1, 2)  # the classes on axis 1


class Pieces(torch.utils.data.Dataset):
    """Pieces of a text, from every place or from `count` of them, each with the same one byte on."""

    def __init__(self, text, count=None):
        self.text = torch.frombuffer(bytearray(text), dtype=torch.uint8)
        places = len(text) - LENGTH
        self.starts = range(0, places, max(1, places // count) if count else 1)

    def __len__(self):
        return len(self.starts)

    def __getitem__(self, index):
        start = self.starts[index]
        piece = self.text[start : start + LENGTH + 1].long()
        return piece[:-1], piece[1:]


def read(task):
    """The training and the test pieces of this peer. All test on the same ones, unless the file is the peer's own."""
    if not os.path.isfile(task.data):
        raise ValueError(f"--data is {task.data!r}: expected a text file")
    with open(task.data, "rb") as file:
        text = file.read()
    parts = 1 if task.partition == "own" else task.peers
    least = 11 * LENGTH * parts
    if len(text) < least:
        raise ValueError(f"{task.data} has {len(text)} bytes: expected at least {least} for the number of peers, {parts}")
    cut = len(text) * 9 // 10
    mine = task.peer if parts > 1 else 0
    return Pieces(text[cut * mine // parts : cut * (mine + 1) // parts]), Pieces(text[cut:], TESTED)


def parse(words, description, **more):
    options = argparse.ArgumentParser(description=description, formatter_class=argparse.RawTextHelpFormatter)
    options.add_argument("--size", choices=SIZES, default="small")
    options.add_argument("--device", default="auto")
    for name, given in more.items():
        options.add_argument(f"--{name}", **given)
    return options.parse_args(words)


def setup(task, words=None):
    options = parse(words, __doc__)
    torch.set_num_threads(1)  # there is one such process for each peer
    train, test = read(task)
    build = lambda: Transformer(*SIZES[options.size])
    return TorchOracle(task, build, nn.CrossEntropyLoss(), train, test, device=options.device)


if __name__ == "__main__":
    serve(setup)
