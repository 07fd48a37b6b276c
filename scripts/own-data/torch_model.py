"""The oracle of the story told with PyTorch: a small network on a folder of grey images.

    concord join ... --oracle "python3 torch_model.py" --data FOLDER
    python3 torch_model.py MODEL.safetensors FOLDER...     prints the balanced accuracy on all of each folder
"""

import json
import os
import sys

import numpy as np
import torch
from PIL import Image
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../python"))
from concord_oracle import TorchOracle, class_metrics, serve  # noqa: E402

CLASSES = ["cross", "disc", "ring", "stripes"]


def build():
    return nn.Sequential(nn.Flatten(), nn.Linear(256, 32), nn.ReLU(), nn.Linear(32, len(CLASSES)))


def read(folder):
    images, labels = [], []
    for label, name in enumerate(CLASSES):
        path = os.path.join(folder, name)
        for file in sorted(os.listdir(path)) if os.path.isdir(path) else []:
            with Image.open(os.path.join(path, file)) as image:
                images.append((np.array(image.convert("L"), dtype=np.float32) / 255 - 0.45) / 0.2)
            labels.append(label)
    return torch.from_numpy(np.stack(images)), torch.tensor(labels)


def setup(task):
    x, y = read(task.data)
    train, test = task.holdout(y.tolist())
    return TorchOracle(
        task,
        build,
        nn.CrossEntropyLoss(),
        (x[train], y[train]),
        (x[test], y[test]),
        names=CLASSES,
        class_weights="balanced",
    )


def measure(checkpoint, folders):
    with open(checkpoint, "rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        data = file.read()
    tensors = {
        name: torch.from_numpy(np.frombuffer(data[slice(*entry["data_offsets"])], dtype="<f4").copy()).reshape(entry["shape"])
        for name, entry in header.items()
        if name != "__metadata__"
    }
    model = build()
    model.load_state_dict(tensors)
    for folder in folders:
        x, y = read(folder)
        with torch.no_grad():
            scores = model(x)
        print(class_metrics(y.numpy(), scores.argmax(1).numpy(), None, len(CLASSES))["balancedAccuracy"])


if __name__ == "__main__":
    if len(sys.argv) > 1:
        measure(sys.argv[1], sys.argv[2:])
    else:
        serve(setup)
