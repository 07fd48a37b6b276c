"""Any PyTorch module and data as an oracle for Concord; here a small MLP on MNIST's IDX files:

    concord demo --oracle "python3 python/examples/torch_mnist.py" --data path/to/mnist --rate 0.2

Yours: keep `TorchOracle`, and give it your module, your loss, and your training and test tensors.
"""

import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import serve  # noqa: E402
from idx import idx, pixels  # noqa: E402


class TorchOracle:
    def __init__(self, task, module, loss, train, test):
        self.task, self.module, self.loss, self.train, self.test = task, module, loss, train, test
        self.examples = len(train[0])
        self.parameters = {name: p.detach().numpy().copy() for name, p in module.named_parameters()}

    def load(self, theta):
        with torch.no_grad():
            for name, parameter in self.module.named_parameters():
                parameter.copy_(torch.from_numpy(theta[name]))

    def gradient(self, theta, step, batch):
        self.load(theta)
        torch.manual_seed(hash((self.task.seed, self.task.peer, step)))  # dropout and the like
        x, y = (part[torch.from_numpy(self.task.batch(step, batch, self.examples))] for part in self.train)
        self.module.train().zero_grad()
        loss = self.loss(self.module(x), y)
        loss.backward()
        return {name: p.grad.numpy() for name, p in self.module.named_parameters()}, loss.item()

    @torch.no_grad()
    def evaluate(self, theta):
        self.load(theta)
        outputs = self.module.eval()(self.test[0])
        return self.loss(outputs, self.test[1]).item(), (outputs.argmax(1) == self.test[1]).float().mean().item()


def setup(task):
    torch.set_num_threads(1)  # there is one such process for each peer
    torch.manual_seed(task.seed)  # all peers start alike
    labels = idx(task.data, "train-labels-idx1-ubyte")
    mine = task.share(labels)
    y = 9 - labels[mine] if task.relabel == "flip" else labels[mine]
    train = torch.from_numpy(pixels(idx(task.data, "train-images-idx3-ubyte")[mine])), torch.from_numpy(y).long()
    test = (
        torch.from_numpy(pixels(idx(task.data, "t10k-images-idx3-ubyte"))),
        torch.from_numpy(idx(task.data, "t10k-labels-idx1-ubyte").copy()).long(),
    )
    module = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    return TorchOracle(task, module, nn.CrossEntropyLoss(), train, test)


serve(setup)
