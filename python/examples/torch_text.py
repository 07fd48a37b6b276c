"""A small transformer in PyTorch that learns a member's own text, byte by byte:

    concord join … --oracle "python3 torch_text.py" --data our-letters.txt --rate 0.1 --batch 16

Its bytes are what it reads and says, so that members agree on an alphabet, whatever their language. The last tenth of
the text is held out to test on.
"""

import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402

LENGTH = 64
WIDTH = 64


class Transformer(nn.Module):
    def __init__(self):
        super().__init__()
        self.byte, self.place = nn.Embedding(256, WIDTH), nn.Embedding(LENGTH, WIDTH)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(WIDTH, 4, 4 * WIDTH, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(2)
        )
        self.norm, self.next = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, 256)

    def forward(self, text):
        size = text.shape[1]
        x = self.byte(text) + self.place.weight[:size]
        future = torch.full((size, size), float("-inf"), device=text.device).triu(1)
        for block in self.blocks:
            x = block(x, future)
        return self.next(self.norm(x)).transpose(1, 2)  # the classes on axis 1


class Text(torch.utils.data.Dataset):
    """Pieces of the text, each with the same one byte on: at every place in training, side by side in a test."""

    def __init__(self, text, stride):
        self.text, self.stride = text, stride

    def __len__(self):
        return max(0, (len(self.text) - LENGTH - 1) // self.stride + 1)

    def __getitem__(self, index):
        start = index * self.stride
        piece = self.text[start : start + LENGTH + 1].long()
        return piece[:-1], piece[1:]


def setup(task):
    with open(task.data, "rb") as file:
        text = file.read()
    if len(text) < 11 * LENGTH:
        raise ValueError(f"{task.data} has {len(text)} bytes: expected at least {11 * LENGTH}")
    text = torch.frombuffer(bytearray(text), dtype=torch.uint8)
    cut = len(text) * 9 // 10
    names = [repr(chr(byte)) if byte < 128 else f"byte {byte}" for byte in range(256)]
    train, test = Text(text[:cut], 1), Text(text[cut:], LENGTH)
    return TorchOracle(task, Transformer, nn.CrossEntropyLoss(), train, test, names=names)


serve(setup)
