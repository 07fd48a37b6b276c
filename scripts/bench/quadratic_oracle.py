"""An oracle of a quadratic loss that costs next to nothing: what is left of a run is Concord's own. Its dimension is
what --data says:

    concord demo --oracle "python3 scripts/bench/quadratic_oracle.py" --data 1000000 --rate 0.3
"""

import os
import sys

import numpy as np

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))
from concord_oracle import serve  # noqa: E402


class Quadratic:
    """The loss is half the mean square of the distance to the peer's goal, which is near that of all."""

    def __init__(self, task):
        dimension = int(task.data)
        goal = np.random.default_rng(task.seed).standard_normal(dimension, dtype=np.float32)
        self.goal = goal + 0.01 * np.float32(task.rng().standard_normal())
        self.parameters = {"theta": np.zeros(dimension, np.float32)}
        self.examples = 1

    def gradient(self, theta, step, batch):
        difference = theta["theta"] - self.goal
        return difference, self.loss(difference)

    def evaluate(self, theta):
        return self.loss(theta["theta"] - self.goal), None

    def loss(self, difference):
        return 0.5 * float(difference @ difference) / len(difference)


serve(Quadratic)
