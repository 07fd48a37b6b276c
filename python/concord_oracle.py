"""Turns Python code into an oracle for Concord: one file, no dependency but NumPy. Copy it beside your program, or
`pip install ./python`. With PyTorch:

    from concord_oracle import TorchOracle, serve

    def setup(task):
        train, test = ...                     # two Datasets, from task.data
        return TorchOracle(task, Net, nn.CrossEntropyLoss(), train, test)

    serve(setup)

and then `concord join --oracle "python3 train.py" …`. With anything else, `setup` returns an object of yours that has

    parameters   the initial tensors: a dict of name -> float array, in order
    examples     how many training examples this peer holds
    gradient(theta, step, batch) -> (gradient, loss)
                 theta and gradient are dicts like `parameters` (a gradient may also be a flat array);
                 loss is the mean over the batch. It must be a function of its arguments and of the task:
                 draw the batch with `task.batch(step, batch, examples)` or from `task.rng(step)`.
    evaluate(theta) -> (loss, accuracy)
                 on the test set; accuracy is in [0, 1], or None if there is no such number. In its place there may be
                 what `class_metrics` or `number_metrics` returns: Concord then shows all of that.

The arrays of theta are valid until the function returns. Printed text goes to standard error, which Concord shows.
The protocol is docs/oracles.md.
"""

import contextlib
import copy
import json
import math
import mmap
import os
import random
import struct
import sys
import traceback

import numpy as np

PROTOCOL = 1
MAGIC = b"\x93CONCORD"
PREAMBLE = struct.Struct("<8sII")
# The recall of each class is told of at most so many classes.
CLASSES_NAMED = 1000


class Task:
    """This peer's task: `peer` of `peers`, `seed`, and `data` and `partition` from the command line."""

    def __init__(self, hello):
        self.peer = hello["peer"]
        self.peers = hello["peers"]
        self.seed = hello["seed"]
        self.data = hello["data"]
        self.partition = hello["partition"]
        # "flip" if this peer plays the attack label-flip: train on labels classes - 1 - label
        self.relabel = hello["relabel"]

    def rng(self, *labels):
        """Random numbers that depend on the run's seed, this peer and the labels (whole numbers) alone."""
        return np.random.default_rng([self.seed, self.peer, *labels])

    def batch(self, step, batch, examples):
        """Indices of the batch of a step, drawn with replacement from this peer's examples."""
        return self.rng(step).integers(0, examples, batch)

    def holdout(self, labels, share=0.2):
        """Indices to train on and indices to test on, of data that is all this peer's: the same share of each class.

        `labels` is one class for each example, or the number of examples. A class with one example is trained on.
        """
        labels = np.zeros(labels, int) if np.ndim(labels) == 0 else np.asarray(labels)
        if len(labels) < 2:
            raise ValueError("fewer than two examples: expected one to train on and one to test on")
        rng = np.random.default_rng([self.seed, self.peer])
        classes = [rng.permutation(np.flatnonzero(labels == label)) for label in np.unique(labels)]
        counts = [min(round(share * len(members)), len(members) - 1) for members in classes]
        if not any(counts):
            largest = max(range(len(classes)), key=lambda i: len(classes[i]))
            if len(classes[largest]) == 1:
                raise ValueError("each class has a single example: expected more, to train on some and test on others")
            counts[largest] = 1
        train = np.concatenate([members[count:] for members, count in zip(classes, counts)])
        test = np.concatenate([members[:count] for members, count in zip(classes, counts)])
        return np.sort(train), np.sort(test)

    def share(self, labels):
        """Indices of this peer's examples in the requested partition. The data must be the same on every peer."""
        labels = np.asarray(labels)
        if self.partition == "own":
            return np.arange(len(labels))
        rng = np.random.default_rng(self.seed)
        order = rng.permutation(len(labels))
        kind, _, value = self.partition.partition(":")
        if kind == "label":
            order = order[np.argsort(labels[order], kind="stable")]
        elif kind == "dirichlet":
            members = (order[labels[order] == label] for label in np.unique(labels))
            return np.concatenate([self._cut(some, float(value), rng) for some in members])
        elif kind == "quantity":
            return self._cut(order, float(value), rng)
        elif kind != "iid":
            raise ValueError(
                f"partition {self.partition!r}: expected iid, label, dirichlet:ALPHA, quantity:ALPHA or own"
            )
        return np.array_split(order, self.peers)[self.peer]

    def _cut(self, members, alpha, rng):
        """This peer's piece of these, in proportions drawn from Dirichlet(alpha)."""
        cuts = np.cumsum(rng.dirichlet([alpha] * self.peers))[:-1] * len(members)
        return np.split(members, np.rint(cuts).astype(int))[self.peer]


def serve(setup):
    """Answers Concord until it says goodbye."""
    # Standard output belongs to the protocol: printed text goes to standard error instead.
    wire = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    oracle, names, shapes = None, [], []
    theta, result = np.empty(0, "<f4"), None
    while True:
        header = _read(theta)
        if header is None or header["type"] == "bye":
            return
        try:
            if header["type"] == "hello":
                if header["protocol"] != PROTOCOL:
                    raise RuntimeError(f"Concord speaks protocol {header['protocol']}, this file {PROTOCOL}")
                oracle = setup(Task(header))
                initial = oracle.parameters
                names, shapes = list(initial), [np.shape(value) for value in initial.values()]
                start = _flat(initial, names)
                theta, result = _vectors(header.get("shared"), len(start))
                answer = {
                    "type": "hello",
                    "protocol": PROTOCOL,
                    "dimension": len(start),
                    "parameters": [{"name": n, "shape": list(s)} for n, s in zip(names, shapes)],
                    "examples": int(oracle.examples),
                    "shared": result is not None,
                    "software": f"Python {sys.version.split()[0]}, NumPy {np.__version__}",
                }
                _write(wire, answer, start)
                del initial, start  # large models: what was sent is not kept
            elif header["type"] == "gradient":
                tensors = _split(theta, names, shapes)
                gradient, loss = oracle.gradient(tensors, header["step"], header["batch"])
                flat = _flat(gradient, names, result)
                del gradient
                answer = {"type": "gradient", "id": header["id"], "loss": _number(loss)}
                _write(wire, answer, flat if result is None else None)
                del flat
            elif header["type"] == "evaluate":
                loss, good = oracle.evaluate(_split(theta, names, shapes))
                answer = {"type": "evaluation", "id": header["id"], "loss": _number(loss), "accuracy": None}
                if isinstance(good, dict):
                    answer["metrics"], good = good, good.get("accuracy")
                if good is not None:
                    answer["accuracy"] = float(good)
                _write(wire, answer)
            else:
                raise RuntimeError(f"Concord asks for {header['type']!r}, which this file does not know")
        except Exception as error:  # reported to the peer, which decides
            traceback.print_exc()
            _write(wire, {"type": "error", "id": header.get("id"), "message": f"{type(error).__name__}: {error}"})


def class_metrics(labels, predicted, scores=None, classes=None, names=None):
    """How good predicted classes are, as `evaluate` may return it.

    `labels` and `predicted` are classes 0, 1, …, one for each test example; `scores` (two classes) say how much class 1
    is meant. `classes` is their number, `names` what they are called.
    """
    labels, predicted = np.asarray(labels, int).reshape(-1), np.asarray(predicted, int).reshape(-1)
    count = classes or (len(names) if names else int(max(labels.max(), predicted.max())) + 1)
    actual, said = np.bincount(labels, minlength=count), np.bincount(predicted, minlength=count)
    right = np.bincount(labels[labels == predicted], minlength=count)
    recalls = [float(right[c] / actual[c]) if actual[c] else None for c in range(count)]
    occurring = [recall for recall in recalls if recall is not None]
    # TP + FN are the examples of a class, TP + FP those predicted as it.
    f1 = [float(2 * right[c] / (actual[c] + said[c])) for c in range(count) if actual[c] + said[c]]
    return {
        "kind": "classes",
        "accuracy": float(right.sum() / len(labels)),
        "balancedAccuracy": sum(occurring) / len(occurring),
        "f1": sum(f1) / len(f1),
        "auroc": _auroc(labels, np.asarray(scores, float)) if count == 2 and scores is not None else None,
        "recall": [
            {"name": str(names[c] if names else c), "examples": int(actual[c]), "recall": recalls[c]}
            for c in range(count if count <= CLASSES_NAMED else 0)
        ],
        "baseline": {"accuracy": float(actual.max() / len(labels)), "balancedAccuracy": 1 / len(occurring)},
    }


def number_metrics(targets, predicted):
    """How good predicted numbers are, as `evaluate` may return it: RMSE and R²."""
    targets, predicted = (np.asarray(values, np.float64).reshape(-1) for values in (targets, predicted))
    with np.errstate(all="ignore"):
        squares, spread = ((predicted - targets) ** 2).sum(), ((targets - targets.mean()) ** 2).sum()
        return {
            "kind": "numbers",
            "rmse": _number(np.sqrt(squares / len(targets))),
            "r2": _number(1 - squares / spread) if spread else None,
        }


def _auroc(labels, scores):
    """By the rank formula, where tied scores have their mean rank."""
    if np.isnan(scores).any() or len(np.unique(labels)) < 2:
        return None
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    positives = int(labels.sum())
    above = ranks[places.reshape(-1)][labels == 1].sum() - positives * (positives + 1) / 2
    return float(above / (positives * (len(labels) - positives)))


class TorchOracle:
    """A PyTorch module with a loss and two data sets, as an oracle.

    module    a function that builds the nn.Module: its class, or `lambda: Net(10)`. It is called with PyTorch seeded by
              the run's seed, so that all members start alike.
    loss      loss(outputs, targets), the mean over a batch: such as nn.CrossEntropyLoss()
    train, test   map-style Datasets of (input, target), or pairs of tensors. An input is a tensor, or a tuple or a dict
              of them, which are the module's arguments. A target is a class (a whole number, or several as a text's
              next tokens: then the module's outputs have their classes on axis 1, as CrossEntropyLoss has it) or a
              number.
    names     what the classes are called
    class_weights   "balanced": each class of this member counts the same; or a weight for each class
    device    "auto" (CUDA, else Apple's GPU, else the CPU), or any name that PyTorch knows, such as "cuda:1"
    amp       True: mixed precision, in bfloat16, where the device has it
    evaluation_batch   examples at a time where no gradient is computed
    num_workers        processes that load examples; 0 loads them here. Neither changes a gradient.
    save_buffers       a file (.npz) for the buffers, written with each evaluation

    Only parameters that require gradients are learnt and sent: freeze a backbone, or add LoRA, before the module is
    returned, and all else stays here. Parts that the module sets to `eval()` stay so.

    On the CPU the module's parameters are Concord's own vector rather than a copy of it, from the first question on, and
    no gradient is kept once it was sent: beside the module's activations a process needs memory for three vectors.

    Buffers are each member's own: they are not sent, not agreed on, and not in Concord's checkpoint. For a gradient
    they are what they were at the start, so that nothing but the request decides it; before an evaluation the averages
    of batch normalisation are taken anew, over this member's training data. `save_buffers` keeps them for use.
    """

    def __init__(
        self, task, module, loss, train, test, *, names=None, class_weights=None, device="auto", amp=False,
        evaluation_batch=256, num_workers=0, save_buffers=None,
    ):  # fmt: skip
        import torch

        self.torch, self.task, self.loss, self.names = torch, task, loss, names
        self.evaluation_batch, self.save_buffers = evaluation_batch, save_buffers
        self.device = self._device(device)
        self.precision = self._precision(amp)
        if isinstance(module, torch.nn.Module):
            raise TypeError("module is built already: expected a function that builds it, such as lambda: Net(10)")
        torch.manual_seed(task.seed)
        self.module = module().to(self.device)
        self.still = [m for m in self.module.modules() if not m.training] if self.module.training else []
        self.learnt = {name: p for name, p in self.module.named_parameters() if p.requires_grad}
        if not self.learnt:
            raise ValueError("no parameter of the module requires a gradient: expected some that are to be learnt")
        self.buffers = {name: b.detach().clone() for name, b in self.module.named_buffers()}
        self.train = _Examples(torch, train, "training", num_workers)
        self.test = _Examples(torch, test, "test", num_workers)
        self.examples = self.train.count
        self.weights = self._class_weights(class_weights)
        self._say()

    @property
    def parameters(self):
        """What the module has now: before the first question the initial tensors. On the CPU these are views."""
        return {name: p.detach().float().cpu().numpy() for name, p in self.learnt.items()}

    def gradient(self, theta, step, batch):
        torch = self.torch
        self._load(theta)
        self._restore()
        self.module.train().zero_grad(set_to_none=True)
        for part in self.still:
            part.training = False
        seed = int(self.task.rng(step, 1).integers(2**62))
        indices = self.task.batch(step, batch, self.examples)
        ((x, y),) = self.train.batches([indices], seed)
        torch.manual_seed(seed)  # dropout and the like
        with self.precision():
            outputs = self._outputs(x)
            loss = self._train_loss(outputs, self._targets(outputs, y, self.train, indices))
        if loss.dim() != 0:
            raise ValueError(f"the loss has the shape {tuple(loss.shape)}: expected one number, the batch's mean")
        if not math.isfinite(loss.item()):
            self.train.check_finite(x, y, indices)
            print(f"step {step}: the loss is {loss.item()}, though all inputs are finite: the learning has diverged")
            return {name: np.full(p.shape, np.nan, "<f4") for name, p in self.learnt.items()}, loss.item()
        loss.backward()
        zeros = torch.zeros(())
        gradient = {
            name: (zeros.expand(p.shape) if p.grad is None else p.grad.float().cpu()).numpy()
            for name, p in self.learnt.items()
        }
        self.module.zero_grad(set_to_none=True)
        return gradient, loss.item()

    def evaluate(self, theta):
        torch = self.torch
        self._load(theta)
        with torch.no_grad(), self.precision():
            self._measure_buffers()
            self.module.eval()
            total, seen = 0.0, []
            parts = _parts(np.arange(self.test.count), self.evaluation_batch)
            for indices, (x, y) in zip(parts, self.test.batches(parts, self.task.seed)):
                outputs = self._outputs(x)
                y = self._targets(outputs, y, self.test, indices)
                total += len(indices) * self.loss(*self._matched(outputs, y)).item()
                seen.append(self._seen(outputs, y))
        return total / self.test.count, self._metrics(seen)

    def _device(self, name):
        torch = self.torch
        mps = getattr(torch.backends, "mps", None)
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "mps" if mps and mps.is_available() else "cpu"
        try:
            device = torch.device(name)
            torch.zeros(1, device=device)
        except (RuntimeError, AssertionError) as error:
            first = str(error).splitlines()[0]
            raise ValueError(f"device is {name!r}, which PyTorch cannot use here ({first}): expected 'auto' or 'cpu'")
        if device.type == "cuda":
            os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
            torch.backends.cudnn.benchmark = False
            # An operation that has no deterministic form says so in the log.
            torch.use_deterministic_algorithms(True, warn_only=True)
        return device

    def _precision(self, amp):
        torch, kind = self.torch, self.device.type
        if not amp:
            return contextlib.nullcontext
        if amp is not True:
            raise ValueError(f"amp is {amp!r}: expected True, which is bfloat16, or False")
        if kind == "cuda" and not torch.cuda.is_bf16_supported():
            raise ValueError("amp is True, but this GPU has no bfloat16: expected amp=False")
        precision = lambda: torch.autocast(kind, dtype=torch.bfloat16)
        try:
            can = getattr(precision(), "_enabled", True)
        except RuntimeError:
            can = False
        if not can:
            raise ValueError(f"amp is True, which PyTorch {torch.__version__} cannot do on {kind}: expected False")
        return precision

    def _class_weights(self, weights):
        if weights is None:
            return None
        if not hasattr(self.loss, "reduction"):
            raise TypeError("class_weights need a loss such as nn.CrossEntropyLoss(): put weights into your own loss")
        if isinstance(weights, str):
            if weights != "balanced":
                raise ValueError(f"class_weights are {weights!r}: expected 'balanced' or a weight for each class")
            labels = self.train.targets().reshape(-1)
            labels = labels[labels >= 0]
            counts = np.bincount(labels.astype(int))
            weights = [len(labels) / (np.count_nonzero(counts) * count) if count else 0 for count in counts]
        return self.torch.tensor(list(weights), dtype=self.torch.float32, device=self.device)

    def _say(self):
        learnt, all_ = (sum(p.numel() for p in ps) for ps in (self.learnt.values(), self.module.parameters()))
        held = f"{self.examples} training and {self.test.count} test examples"
        print(f"PyTorch {self.torch.__version__} on {self.device}: {learnt} of {all_} parameters are learnt; {held}")
        if self.buffers:
            where = f"in {self.save_buffers}" if self.save_buffers else "in no file (save_buffers=FILE writes one)"
            print(f"{len(self.buffers)} buffers (batch normalisation has such) are this member's own: not sent, {where}")

    def _load(self, theta):
        for name, p in self.learnt.items():
            values = self.torch.from_numpy(theta[name])
            if p.device == values.device and p.dtype == values.dtype:
                p.data = values
            else:
                p.data.copy_(values)

    def _restore(self):
        with self.torch.no_grad():
            for name, buffer in self.module.named_buffers():
                if name in self.buffers and buffer.shape == self.buffers[name].shape:
                    buffer.copy_(self.buffers[name])

    def _measure_buffers(self):
        """Takes the running averages of batch normalisation over this member's training data, at most 32 batches."""
        self._restore()
        self.module.eval()
        kind = self.torch.nn.modules.batchnorm._BatchNorm
        norms = [m for m in self.module.modules() if isinstance(m, kind) and m.track_running_stats]
        norms = [m for m in norms if m not in self.still]
        if norms:
            momenta = [m.momentum for m in norms]
            for m in norms:
                m.reset_running_stats()
                m.train()
                m.momentum = None  # the mean of all batches
            indices = np.arange(self.examples)
            if len(indices) > 32 * self.evaluation_batch:
                indices = np.sort(self.task.rng(0, 2).choice(indices, 32 * self.evaluation_batch, replace=False))
            for x, _ in self.train.batches(_parts(indices, self.evaluation_batch), self.task.seed):
                self._outputs(x)
            for m, momentum in zip(norms, momenta):
                m.momentum = momentum
        if self.save_buffers and self.buffers:
            with open(f"{self.save_buffers}.partial", "wb") as file:
                np.savez(file, **{name: b.cpu().numpy() for name, b in self.module.named_buffers()})
            os.replace(f"{self.save_buffers}.partial", self.save_buffers)

    def _moved(self, value):
        if isinstance(value, dict):
            return {key: self._moved(each) for key, each in value.items()}
        if isinstance(value, (list, tuple)):
            return [self._moved(each) for each in value]
        return (value.float() if value.dtype == self.torch.float64 else value).to(self.device)

    def _outputs(self, x):
        x = self._moved(x)
        args, named = (x if isinstance(x, list) else [x], {}) if not isinstance(x, dict) else ([], x)
        outputs = self.module(*args, **named)
        if not isinstance(outputs, self.torch.Tensor):
            raise TypeError(f"the module gives a {type(outputs).__name__}: expected one tensor; wrap the module")
        return outputs

    def _targets(self, outputs, y, data, indices):
        """The targets on the device, once each is known to be one of the classes or a number."""
        if not isinstance(y, self.torch.Tensor):
            raise TypeError(f"a target of the {data.name} data is no number: expected a class (0, 1, …) or a number")
        if self._predicts(outputs, y) == "classes" and not y.is_floating_point():
            classes = self._classes(outputs, y)
            if self.names and len(self.names) != classes:
                raise ValueError(f"names has {len(self.names)} names, but the module has {classes} classes")
            wrong = (y != self._ignored()) & ((y < 0) | (y >= classes))
            if wrong.any():
                numbers = "; targets that are numbers must be floats" if outputs.numel() == y.numel() else ""
                first = int(wrong.reshape(len(y), -1).any(1).nonzero()[0])
                data.fail(indices[first], f"its label is none of the classes 0 to {classes - 1}{numbers}")
        return self._moved(y)

    def _ignored(self):
        return getattr(self.loss, "ignore_index", -100)

    def _predicts(self, outputs, y):
        """What the metrics are of: "classes", "numbers", or None for anything else."""
        if not y.is_floating_point():
            return "classes" if outputs.dim() in (y.dim(), y.dim() + 1) else None
        if y.numel() != len(y) or outputs.numel() != len(y):
            return None
        if not isinstance(self.loss, self.torch.nn.BCEWithLogitsLoss):
            return "numbers"
        return "classes" if bool(((y == 0) | (y == 1)).all()) else None

    def _classes(self, outputs, y):
        return max(2, outputs.shape[1]) if outputs.dim() == y.dim() + 1 else 2

    def _matched(self, outputs, y):
        """Both as the loss takes them: without an axis of one output, and a class of a single output as a number."""
        if outputs.dim() == y.dim() + 1 and outputs.shape[-1] == 1:
            outputs = outputs.squeeze(-1)
        elif y.dim() == outputs.dim() + 1 and y.shape[-1] == 1:
            y = y.squeeze(-1)
        return outputs, y.float() if outputs.shape == y.shape and not y.is_floating_point() else y

    def _train_loss(self, outputs, y):
        labels = y
        if self.task.relabel == "flip":
            if self._predicts(outputs, y) != "classes":
                raise ValueError("this peer is to flip labels, but its targets are no classes")
            y = self.torch.where(y == self._ignored(), y, self._classes(outputs, y) - 1 - y)
        outputs, y = self._matched(outputs, y)
        if self.weights is None:
            return self.loss(outputs, y)
        each = copy.copy(self.loss)
        each.reduction = "none"
        kept = labels.reshape(-1) != self._ignored()
        labels, losses = labels.reshape(-1)[kept].long(), each(outputs, y).reshape(-1)[kept]
        if labels.numel() and int(labels.max()) >= len(self.weights):
            raise ValueError(f"class_weights have {len(self.weights)} values: expected one for each class")
        return (self.weights[labels] * losses).mean()

    def _seen(self, outputs, y):
        """Of a batch, on the CPU: what is predicted, the targets, and for two classes the scores."""
        predicts, scores = self._predicts(outputs, y), None
        if predicts is None:
            return None
        if predicts == "numbers":
            return predicts, 0, outputs.float().reshape(-1).cpu().numpy(), y.reshape(-1).cpu().numpy(), scores
        classes = self._classes(outputs, y)
        outputs, y = self._matched(outputs, y)
        if outputs.shape == y.shape:
            scores = outputs.float().reshape(-1).cpu().numpy()
            predicted = (outputs > 0).long()
        else:
            predicted = outputs.argmax(1)
            if classes == 2:
                two = outputs.float().movedim(1, 0).cpu().numpy().astype(np.float64)
                scores = (two[1] - two[0]).reshape(-1)
        kept = (y != self._ignored()).reshape(-1).cpu().numpy()
        flat = [values.long().reshape(-1).cpu().numpy()[kept] for values in (predicted, y)]
        return predicts, classes, *flat, None if scores is None else scores[kept]

    def _metrics(self, seen):
        if any(part is None for part in seen):
            return None
        predicts, classes = seen[0][:2]
        predicted, targets = (np.concatenate([part[i] for part in seen]) for i in (2, 3))
        if predicts == "numbers":
            return number_metrics(targets, predicted)
        if len(targets) == 0:
            return None
        scores = None if seen[0][4] is None else np.concatenate([part[4] for part in seen])
        return class_metrics(targets, predicted, scores, classes, self.names)


class _Examples:
    """A data set. What is random in an example depends on the seed and its place in the batch alone."""

    def __init__(self, torch, data, name, num_workers):
        if isinstance(data, (tuple, list)) and all(isinstance(part, torch.Tensor) for part in data):
            data = torch.utils.data.TensorDataset(*data)
        if not hasattr(data, "__len__") or not hasattr(data, "__getitem__"):
            raise TypeError(f"the {name} data is a {type(data).__name__}: expected a Dataset with a length and indices")
        if len(data) == 0:
            raise ValueError(f"the {name} data set is empty: expected at least one example")
        self.torch, self.data, self.name, self.count = torch, data, name, len(data)
        self.is_tensors = isinstance(data, torch.utils.data.TensorDataset)
        self.keys = []
        self.loader = None
        if num_workers > 0 and not self.is_tensors:
            self.loader = torch.utils.data.DataLoader(
                _Keyed(data), batch_sampler=self.keys, num_workers=num_workers, collate_fn=list, persistent_workers=True
            )

    def batches(self, parts, seed):
        """For each array of indices the (inputs, targets) of these examples."""
        if self.is_tensors:
            for indices in parts:
                yield self._pair([tensor[self.torch.from_numpy(indices)] for tensor in self.data.tensors])
            return
        sizes = [len(indices) for indices in parts]
        keys = [(int(i), (seed + place) % 2**62) for place, i in enumerate(np.concatenate(parts))]
        items = self._load(keys)
        for size in sizes:
            yield self._pair(self.torch.utils.data.default_collate([self._pair(next(items)) for _ in range(size)]))

    def targets(self):
        """All targets, which takes reading all examples where the data set does not have them as `targets`."""
        if self.is_tensors:
            return self._pair(self.data.tensors)[1].numpy()
        if hasattr(self.data, "targets"):
            return np.asarray(self.data.targets)
        return np.concatenate([y.numpy() for _, y in self.batches(_parts(np.arange(self.count), 256), 0)])

    def check_finite(self, x, y, indices):
        inputs = x.values() if isinstance(x, dict) else x if isinstance(x, (list, tuple)) else [x]
        for what, part in [*(("input", part) for part in inputs), ("target", y)]:
            wrong = ~self.torch.isfinite(part.float()).reshape(len(indices), -1).all(1)
            if wrong.any():
                self.fail(indices[int(wrong.nonzero()[0])], f"its {what} holds what is not a finite number")

    def fail(self, index, why):
        raise ValueError(f"{self.name} example {index} (from 0): {why}")

    def _pair(self, item):
        if not isinstance(item, (tuple, list)) or len(item) != 2:
            raise TypeError(f"an example of the {self.name} data is no pair: expected (input, target)")
        return item

    def _load(self, keys):
        if self.loader is None:
            keyed = _Keyed(self.data)
            yield from (keyed[key] for key in keys)
            return
        size = max(1, min(64, math.ceil(len(keys) / self.loader.num_workers)))
        self.keys[:] = [keys[at : at + size] for at in range(0, len(keys), size)]
        for items in self.loader:
            yield from items


class _Keyed:
    """A data set by index and seed."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, key):
        index, seed = key
        random.seed(seed)
        np.random.seed(seed % 2**32)
        sys.modules["torch"].default_generator.manual_seed(seed)
        return self.data[index]


def _parts(indices, size):
    """Pieces of about the same length, of at most this many."""
    return np.array_split(indices, math.ceil(len(indices) / size))


def _split(flat, names, shapes):
    tensors, start = {}, 0
    for name, shape in zip(names, shapes):
        size = math.prod(shape)
        tensors[name] = flat[start : start + size].reshape(shape)
        start += size
    return tensors


def _flat(tensors, names, out=None):
    """All tensors one after another in one array of 32-bit floats, `out` if given."""
    parts = [tensors[name] for name in names] if isinstance(tensors, dict) else [tensors]
    parts = [np.asarray(part, "<f4").reshape(-1) for part in parts]
    size = sum(map(len, parts))
    if out is not None and size != len(out):
        raise ValueError(f"a gradient of {size} values, expected {len(out)}")
    return np.concatenate(parts, out=out)


def _vectors(shared, size):
    """Arrays for θ and the gradient in the file that Concord shares; without the file there is none for the gradient."""
    if shared is None or size == 0:
        return np.empty(size, "<f4"), None
    file = os.open(shared, os.O_RDWR)
    os.ftruncate(file, 8 * size)
    memory = mmap.mmap(file, 8 * size)
    os.close(file)
    return np.frombuffer(memory, "<f4", size), np.frombuffer(memory, "<f4", size, 4 * size)


def _number(value):
    value = float(value)
    return value if math.isfinite(value) else None


def _read(theta):
    """The next header, with its payload in `theta`; None at the end of the input."""
    preamble = bytearray(PREAMBLE.size)
    if not _fill(memoryview(preamble)):
        return None
    magic, header_size, payload_size = PREAMBLE.unpack(preamble)
    if magic != MAGIC:
        raise SystemExit("standard input does not speak Concord's protocol: start me with concord join --oracle")
    header = bytearray(header_size)
    _fill(memoryview(header))
    if payload_size not in (0, theta.nbytes):
        raise SystemExit(f"a vector of {payload_size // 4} values, expected {theta.size}")
    if payload_size:
        _fill(memoryview(theta).cast("B"))
    return json.loads(header.decode())


def _fill(view):
    while len(view) > 0:
        count = os.readv(0, [view]) if hasattr(os, "readv") else _read_into(view)
        if count == 0:
            return False
        view = view[count:]
    return True


def _read_into(view):
    part = os.read(0, len(view))
    view[: len(part)] = part
    return len(part)


def _write(wire, header, vector=None):
    text = json.dumps(header).encode()
    payload = memoryview(b"") if vector is None else memoryview(vector).cast("B")
    _write_all(wire, memoryview(PREAMBLE.pack(MAGIC, len(text), len(payload)) + text))
    _write_all(wire, payload)


def _write_all(wire, view):
    while len(view) > 0:
        view = view[os.write(wire, view) :]
