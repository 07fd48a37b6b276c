"""LoRA on the transformer of torch_transformer.py, whose weights all members have in a file; only adapters are sent:

    concord join … --oracle "python3 torch_lora.py --base base.safetensors --sha256 HEX" --data our-letters.txt

The file is what `--save` wrote of a transformer. `--sha256` is what `sha256sum base.safetensors` prints, for members to
agree on as they agree on the cohort file: a member whose file is another one is told so before it joins.
"""

import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from checkpoint import read_checkpoint  # noqa: E402
from concord_oracle import TorchOracle, serve  # noqa: E402
from torch_transformer import SIZES, Transformer, parse, read  # noqa: E402


class LoRA(nn.Module):
    """Beside a linear layer that stays as it is, a product of two narrow ones that starts at zero (Hu et al., 2021)."""

    def __init__(self, base, rank):
        super().__init__()
        self.base = base
        self.a = nn.Parameter(torch.randn(rank, base.in_features) * base.in_features**-0.5)
        self.b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.a.T @ self.b.T


def adapted(module, weights, rank):
    module.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    module.requires_grad_(False)
    for block in module.blocks:
        for name in ("qkv", "out", "up", "down"):
            setattr(block, name, LoRA(getattr(block, name), rank))
    return module


def setup(task, words=None):
    more = {"base": {"required": True}, "sha256": {}, "rank": {"type": int, "default": 8}}
    options = parse(words, __doc__, **more)
    if not os.path.isfile(options.base):
        raise ValueError(f"--base is {options.base!r}: expected the file of a learnt transformer")
    torch.set_num_threads(1)  # there is one such process for each peer
    weights, (train, test) = read_checkpoint(options.base, options.sha256), read(task)
    build = lambda: adapted(Transformer(*SIZES[options.size]), weights, options.rank)
    return TorchOracle(task, build, nn.CrossEntropyLoss(), train, test, device=options.device)


if __name__ == "__main__":
    serve(setup)
