"""A small CNN in PyTorch on a member's own images, in a folder with one folder for each class:

    concord join … --oracle "python3 torch_images.py circle square triangle" --data our-images

The command names the classes, and must be the same for all members; a member may lack some of them. A fifth of the
images is held out to test on. Needs Pillow.
"""

import os
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402

SIZE = 32
CLASSES = sys.argv[1:]


def build():
    def layer(inputs, outputs):
        return [nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]

    return nn.Sequential(
        *layer(3, 16), *layer(16, 32), *layer(32, 32), nn.Flatten(), nn.Linear(32 * (SIZE // 8) ** 2, len(CLASSES))
    )


class Images(torch.utils.data.Dataset):
    def __init__(self, files, is_training):
        self.files, self.is_training = files, is_training
        self.targets = [label for _, label in files]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        path, label = self.files[index]
        with Image.open(path) as image:
            pixels = torch.from_numpy(np.array(image.convert("RGB").resize((SIZE, SIZE)))).permute(2, 0, 1) / 255 - 0.5
        if self.is_training and torch.rand(()) < 0.5:
            pixels = pixels.flip(2)
        return pixels, label


def setup(task):
    if len(CLASSES) < 2:
        raise ValueError("expected the names of the classes, as in: torch_images.py circle square triangle")
    files = []
    for label, name in enumerate(CLASSES):
        folder = os.path.join(task.data, name)
        names = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        files += [(os.path.join(folder, file), label) for file in names]
    if not files:
        raise ValueError(f"--data is {task.data!r}: expected a folder with images in {', '.join(CLASSES)}")
    train, test = task.holdout([label for _, label in files])
    return TorchOracle(
        task,
        build,
        nn.CrossEntropyLoss(),
        Images([files[i] for i in train], True),
        Images([files[i] for i in test], False),
        names=CLASSES,
        class_weights="balanced",
    )


if __name__ == "__main__":
    serve(setup)
