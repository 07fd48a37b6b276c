"""Softmax regression on MNIST's IDX files (or any like them) in NumPy, as an oracle for Concord:

    concord demo --oracle "python3 python/examples/numpy_softmax.py" --data path/to/mnist --rate 0.1
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import serve  # noqa: E402
from idx import idx, pixels  # noqa: E402


class Softmax:
    def __init__(self, task):
        self.task = task
        images, labels = idx(task.data, "train-images-idx3-ubyte"), idx(task.data, "train-labels-idx1-ubyte")
        mine = task.share(labels)
        self.x, self.y = images[mine], labels[mine]
        if task.relabel == "flip":
            self.y = 9 - self.y
        self.test_x = pixels(idx(task.data, "t10k-images-idx3-ubyte"))
        self.test_y = idx(task.data, "t10k-labels-idx1-ubyte")
        self.examples = len(mine)
        bound = 1 / np.sqrt(784)
        start = np.random.default_rng(task.seed)
        self.parameters = {
            "linear.weight": start.uniform(-bound, bound, (784, 10)),
            "linear.bias": start.uniform(-bound, bound, 10),
        }

    def probabilities(self, theta, x):
        logits = x @ theta["linear.weight"] + theta["linear.bias"]
        exp = np.exp(logits - logits.max(1, keepdims=True))
        return exp / exp.sum(1, keepdims=True)

    def gradient(self, theta, step, batch):
        chosen = self.task.batch(step, batch, self.examples)
        x, y = pixels(self.x[chosen]), self.y[chosen]
        p = self.probabilities(theta, x)
        loss = -np.log(p[np.arange(batch), y]).mean()
        p[np.arange(batch), y] -= 1
        p /= batch
        return {"linear.weight": x.T @ p, "linear.bias": p.sum(0)}, loss

    def evaluate(self, theta):
        p = self.probabilities(theta, self.test_x)
        loss = -np.log(p[np.arange(len(p)), self.test_y] + 1e-30).mean()
        return loss, (p.argmax(1) == self.test_y).mean()


serve(Softmax)
