"""An MLP in PyTorch on a member's own table, a CSV file whose columns are numbers, with a header:

    concord join … --oracle "python3 torch_table.py outcome well ill" --data ours.csv     two classes by name
    concord join … --oracle "python3 torch_table.py price" --data ours.csv                a number

A fifth of the rows is held out to test on. The columns may have any order. Each member's are scaled by its own mean and
variance, which batch normalisation at the input does.
"""

import csv
import math
import os
import sys

import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from concord_oracle import TorchOracle, serve  # noqa: E402

target, classes = sys.argv[1], sys.argv[2:]


def number(text, line, column):
    try:
        value = float(text or "nan")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"line {line}, column {column!r} is no number: expected one in each cell")
    return value


def read(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if target not in (rows.fieldnames or []):
            raise ValueError(f"{path} has no column {target!r}: expected it in the header")
        columns = sorted(set(rows.fieldnames) - {target})
        x, y = [], []
        for row in rows:
            x.append([number(row[column], rows.line_num, column) for column in columns])
            if classes and row[target] not in classes:
                raise ValueError(f"line {rows.line_num}, column {target!r}: expected one of {', '.join(classes)}")
            y.append(classes.index(row[target]) if classes else number(row[target], rows.line_num, target))
    return torch.tensor(x), torch.tensor(y)


def setup(task):
    x, y = read(task.data)
    train, test = task.holdout(y if classes else len(y))

    def build():
        width, outputs = x.shape[1], len(classes) or 1
        scale = nn.BatchNorm1d(width, affine=False)
        return nn.Sequential(scale, nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, outputs))

    return TorchOracle(
        task,
        build,
        nn.CrossEntropyLoss() if classes else nn.MSELoss(),
        (x[train], y[train]),
        (x[test], y[test]),
        names=classes,
        class_weights="balanced" if classes else None,
    )


serve(setup)
