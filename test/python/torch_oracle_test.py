"""TorchOracle against plain PyTorch, and what it says of wrong use. Run by `npm run test:python` where there is PyTorch."""

import contextlib
import io
import os
import sys
import tempfile
import unittest

import numpy as np
import torch
from torch import nn

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "python"))
from concord_oracle import Task, TorchOracle  # noqa: E402

STEP, BATCH = 3, 16


def task(**given):
    hello = {"peer": 1, "peers": 3, "seed": 4, "data": "", "partition": "own", "relabel": None}
    return Task({**hello, **given})


def points(count=60, seed=0):
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(count, 5, generator=random)
    return x, (x.sum(1) > 1).long()


def linear():
    return nn.Linear(5, 2)


def oracle(module=linear, loss=None, train=None, test=None, given=None, **options):
    with contextlib.redirect_stdout(io.StringIO()):
        loss, train, test = loss or nn.CrossEntropyLoss(), train or points(), test or points(30, 1)
        return TorchOracle(given or task(), module, loss, train, test, device="cpu", **options)


def gradient(of, theta=None, step=STEP):
    tensors, loss = of.gradient(theta or of.parameters, step, BATCH)
    return {name: np.array(value) for name, value in tensors.items()}, loss


def same(a, b):
    return a[1] == b[1] and all(np.array_equal(a[0][name], b[0][name]) for name in a[0])


class Noisy(torch.utils.data.Dataset):
    """Draws from all three generators that a data set may use."""

    def __len__(self):
        return 60

    def __getitem__(self, index):
        import random

        x, y = points()
        return x[index] + torch.rand(5) + random.random() + float(np.random.rand()), int(y[index])


class Normed(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm, self.last = nn.BatchNorm1d(5), nn.Linear(5, 2)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.last(self.drop(self.norm(x)))


class Gradients(unittest.TestCase):
    def test_is_the_gradient_that_pytorch_computes(self):
        of = oracle()
        x, y = points()
        chosen = torch.from_numpy(task().batch(STEP, BATCH, 60))
        torch.manual_seed(4)
        plain = linear()
        self.assertTrue(np.array_equal(of.parameters["weight"], plain.weight.detach().numpy()), "seeded by the run's seed")
        loss = nn.functional.cross_entropy(plain(x[chosen]), y[chosen])
        loss.backward()
        found, value = gradient(of)
        self.assertEqual(list(found), ["weight", "bias"])
        for name, p in plain.named_parameters():
            np.testing.assert_allclose(found[name], p.grad.numpy(), rtol=1e-6, atol=1e-8)
        self.assertAlmostEqual(value, loss.item(), places=6)

    def test_is_a_function_of_the_request(self):
        one, other = oracle(Normed, train=Noisy()), oracle(Normed, train=Noisy())
        first = gradient(one)
        gradient(other, step=9)
        other.evaluate(other.parameters)
        torch.rand(7)
        self.assertTrue(same(gradient(other), first))
        self.assertFalse(same(gradient(other, step=4), first))
        self.assertFalse(same(gradient(oracle(Normed, given=task(peer=2), train=Noisy())), first))

    def test_no_number_of_workers_changes_it(self):
        with_workers = oracle(Normed, train=Noisy(), test=Noisy(), num_workers=2)
        here = oracle(Normed, train=Noisy(), test=Noisy())
        for step in (1, 2):
            self.assertTrue(same(gradient(with_workers, step=step), gradient(here, step=step)))
        self.assertEqual(with_workers.evaluate(here.parameters), here.evaluate(here.parameters))

    def test_only_what_requires_gradients_is_learnt(self):
        class Adapted(nn.Module):
            """A frozen layer with an adapter of rank 1, as in LoRA."""

            def __init__(self):
                super().__init__()
                self.frozen = nn.Linear(5, 2).requires_grad_(False)
                self.a, self.b = nn.Parameter(torch.randn(5, 1)), nn.Parameter(torch.zeros(1, 2))

            def forward(self, x):
                return self.frozen(x) + x @ self.a @ self.b

        of = oracle(Adapted)
        before = of.module.frozen.weight.clone()
        self.assertEqual({name: p.shape for name, p in of.parameters.items()}, {"a": (5, 1), "b": (1, 2)})
        found, _ = gradient(of)
        self.assertEqual(list(found), ["a", "b"])
        self.assertTrue(found["b"].any())
        of.evaluate({name: value + 1 for name, value in of.parameters.items()})
        self.assertTrue(torch.equal(of.module.frozen.weight, before))

    def test_a_parameter_that_takes_no_part_has_a_gradient_of_zero(self):
        class Idle(nn.Linear):
            def __init__(self):
                super().__init__(5, 2)
                self.idle = nn.Parameter(torch.ones(3))

        self.assertEqual(gradient(oracle(Idle))[0]["idle"].tolist(), [0, 0, 0])

    def test_parameters_and_gradients_are_not_held_twice(self):
        of = oracle()
        theta = {name: np.array(value) + 1 for name, value in of.parameters.items()}
        of.gradient(theta, STEP, BATCH)
        for name, p in of.module.named_parameters():
            self.assertIsNone(p.grad, "a gradient belongs to who asked for it")
            self.assertEqual(p.data_ptr(), theta[name].ctypes.data, "the module computes at the vector that it was given")
        before = gradient(oracle(), theta)
        theta["weight"] += 1
        self.assertFalse(same(gradient(of, theta), before), "which may hold other values at the next question")

    def test_parameters_of_another_kind_are_copied(self):
        of = oracle(lambda: linear().double())
        theta = {name: np.array(value) for name, value in of.parameters.items()}
        self.assertEqual(theta["weight"].dtype, np.float32)
        theta["weight"] += 1
        of._load(theta)
        self.assertEqual(of.module.weight.dtype, torch.float64)
        np.testing.assert_array_equal(of.module.weight.detach().numpy(), theta["weight"])

    def test_mixed_precision_is_near_full_precision(self):
        full, mixed = gradient(oracle()), gradient(oracle(amp=True))
        np.testing.assert_allclose(mixed[0]["weight"], full[0]["weight"], rtol=0.05, atol=0.01)
        self.assertFalse(same(mixed, full))
        self.assertEqual(mixed[0]["weight"].dtype, np.float32)

    def test_class_weights_balance_this_members_classes(self):
        x, y = points()
        chosen = torch.from_numpy(task().batch(STEP, BATCH, 60))
        ones = int(y.sum())
        self.assertNotEqual(ones, 30)
        weights = torch.tensor([60 / (2 * (60 - ones)), 60 / (2 * ones)])
        for options in ({"class_weights": "balanced"}, {"class_weights": weights.tolist()}):
            of = oracle(**options)
            losses = nn.functional.cross_entropy(of.module(x[chosen]), y[chosen], reduction="none")
            expected = (weights[y[chosen]] * losses).mean().item()
            self.assertAlmostEqual(gradient(of)[1], expected, places=5)
        unweighted = nn.functional.cross_entropy(of.module(points(30, 1)[0]), points(30, 1)[1]).item()
        self.assertAlmostEqual(of.evaluate(of.parameters)[0], unweighted, places=5)

    def test_a_peer_that_flips_labels_does(self):
        x, y = points()
        flipped = gradient(oracle(given=task(relabel="flip")))
        self.assertTrue(same(flipped, gradient(oracle(train=(x, 1 - y)))))

    def test_dicts_and_tuples_are_the_modules_arguments(self):
        class Two(nn.Linear):
            def __init__(self):
                super().__init__(5, 2)

            def forward(self, one, other):
                return super().forward(one - other)

        class Examples(Noisy):
            def __getitem__(self, index):
                x, y = points()
                return self.form(x[index], x[index] / 2), y[index]

        plain = gradient(oracle(train=(points()[0] / 2, points()[1])))
        for form in (lambda a, b: {"other": b, "one": a}, lambda a, b: (a, b)):
            examples = Examples()
            examples.form = form
            self.assertTrue(same(gradient(oracle(Two, train=examples, test=examples)), plain))


class Buffers(unittest.TestCase):
    def test_evaluation_measures_them_on_this_members_training_data(self):
        def pretrained():
            module = Normed()
            module.norm.running_mean += 5
            module.norm.num_batches_tracked += 100
            return module

        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "buffers.npz")
            of = oracle(pretrained, save_buffers=path)
            first = of.evaluate(of.parameters)
            x, _ = points()
            saved = np.load(path)
            np.testing.assert_allclose(saved["norm.running_mean"], x.mean(0).numpy(), rtol=1e-4, atol=1e-6)
            np.testing.assert_allclose(saved["norm.running_var"], x.var(0).numpy(), rtol=1e-4)
            self.assertEqual(os.listdir(folder), ["buffers.npz"])
            gradient(of)
            self.assertEqual(of.evaluate(of.parameters), first, "a function of the parameters")
        self.assertEqual(list(of.parameters), ["norm.weight", "norm.bias", "last.weight", "last.bias"])

    def test_they_are_said_to_be_this_members_own(self):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            TorchOracle(task(), Normed, nn.CrossEntropyLoss(), points(), points(), device="cpu")
            TorchOracle(task(), linear, nn.CrossEntropyLoss(), points(), points(), device="cpu")
        self.assertEqual(said.getvalue().count("3 buffers (batch normalisation has such) are this member's own"), 1)
        self.assertEqual(said.getvalue().count("60 training and 60 test examples"), 2)

    def test_a_part_that_is_set_to_eval_keeps_its_own(self):
        def frozen():
            module = Normed()
            module.norm.eval().requires_grad_(False)
            module.norm.running_mean += 2
            return module

        of = oracle(frozen)
        gradient(of)
        self.assertEqual(of.module.norm.running_mean.tolist(), [2] * 5)
        of.evaluate(of.parameters)
        self.assertEqual(of.module.norm.running_mean.tolist(), [2] * 5)

    def test_a_gradient_sees_them_as_they_were_at_the_start(self):
        class Counting(nn.Linear):
            def __init__(self):
                super().__init__(5, 2)
                self.register_buffer("count", torch.zeros(()))

            def forward(self, x):
                if self.training:
                    self.count += 1
                return super().forward(x) * self.count

        of = oracle(Counting)
        first = gradient(of)
        self.assertTrue(same(gradient(of), first))


class Metrics(unittest.TestCase):
    def test_batches_of_any_size_measure_the_same(self):
        (loss, metrics), (same_loss, same_metrics) = (
            of.evaluate(of.parameters) for of in (oracle(), oracle(evaluation_batch=7))
        )
        self.assertAlmostEqual(loss, same_loss, places=6)
        self.assertEqual(metrics, same_metrics)

    def test_tokens_are_examples_and_ignored_ones_are_not(self):
        class Tokens(nn.Module):
            """Says class 2 everywhere."""

            def __init__(self):
                super().__init__()
                self.logits = nn.Parameter(torch.tensor([0.0, 0.0, 1.0]))

            def forward(self, x):
                return self.logits[None, :, None].expand(len(x), 3, x.shape[1])

        x, y = torch.zeros(2, 3), torch.tensor([[2, 0, -100], [2, 2, -100]])
        for options in ({}, {"class_weights": [1, 1, 1]}):
            of = oracle(Tokens, train=(x, y), test=(x, y), **options)
            _, metrics = of.evaluate(of.parameters)
            self.assertEqual(metrics["accuracy"], 0.75)
            self.assertEqual([each["examples"] for each in metrics["recall"]], [1, 0, 3])
            self.assertTrue(np.isfinite(gradient(of)[1]))

    def test_what_is_neither_class_nor_number_has_a_loss_alone(self):
        x, _ = points()
        of = oracle(lambda: nn.Linear(5, 5), nn.MSELoss(), (x, x), (x, x))
        loss, metrics = of.evaluate(of.parameters)
        self.assertTrue(loss > 0)
        self.assertIsNone(metrics)


class Errors(unittest.TestCase):
    def refuses(self, says, run, error=ValueError):
        with self.assertRaisesRegex(error, says) as caught:
            run()
        return str(caught.exception)

    def test_what_cannot_be_an_oracle(self):
        x, y = points()
        none = x[:0], y[:0]
        frozen = lambda: linear().requires_grad_(False)
        self.refuses("the training data set is empty", lambda: oracle(train=none))
        self.refuses("the test data set is empty", lambda: oracle(test=none))
        self.refuses("no parameter of the module requires a gradient", lambda: oracle(frozen))
        self.refuses("module is built already", lambda: oracle(linear()), TypeError)
        self.refuses("the training data is a generator", lambda: oracle(train=(each for each in x)), TypeError)
        self.refuses("amp is 'float16': expected True", lambda: oracle(amp="float16"))
        self.refuses("class_weights are 'equal'", lambda: oracle(class_weights="equal"))
        loss = lambda outputs, y: outputs.mean()
        self.refuses("class_weights need a loss such as", lambda: oracle(loss=loss, class_weights="balanced"), TypeError)
        for device in ("nonsense", "cuda:99"):
            make = lambda: TorchOracle(task(), linear, nn.CrossEntropyLoss(), points(), points(), device=device)
            self.refuses(f"device is '{device}', which PyTorch cannot use here", make)

    def test_wrong_labels(self):
        x, y = points()
        for wrong in (2, -1):
            y = points()[1]
            y[:] = torch.where(torch.arange(60) == 41, wrong, y)
            of = oracle(train=(x, y), test=(x, y))
            self.refuses("^test example 41 .*label is none of the classes 0 to 1$", lambda: of.evaluate(of.parameters))
            steps = [step for step in range(40) if 41 in task().batch(step, BATCH, 60)]
            self.refuses("^training example 41 ", lambda: gradient(of, step=steps[0]))
        of = oracle(names=["a", "b", "c"])
        self.refuses("names has 3 names, but the module has 2 classes", lambda: gradient(of))
        of = oracle(lambda: nn.Linear(5, 1), nn.MSELoss(), (x, torch.arange(60)))
        self.refuses("targets that are numbers must be floats", lambda: gradient(of))
        self.refuses("class_weights have 1 value", lambda: gradient(oracle(class_weights=[1])))

    def test_inputs_that_are_not_finite_are_named_by_place_and_not_by_value(self):
        x, y = points()
        x[41, 2] = float("inf")
        of = oracle(train=(x, y))
        steps = [step for step in range(40) if 41 in task().batch(step, BATCH, 60)]
        said = self.refuses("^training example 41 .*input holds what is not a finite", lambda: gradient(of, step=steps[0]))
        self.assertNotIn(str(x[41, 0].item())[:6], said)

    def test_a_divergence_is_said_and_is_not_the_datas(self):
        of = oracle()
        theta = {name: np.full_like(value, 1e38) for name, value in of.parameters.items()}
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            found, loss = gradient(of, theta)
        self.assertRegex(said.getvalue(), "^step 3: the loss is (nan|inf), .* the learning has diverged")
        self.assertFalse(np.isfinite(loss))
        self.assertTrue(all(np.isnan(value).all() for value in found.values()))

    def test_examples_of_a_wrong_form(self):
        class Wrong(Noisy):
            def __getitem__(self, index):
                return self.example

        for example, says in ((torch.zeros(5), "is no pair"), ((torch.zeros(5), "cat"), "target of the training data")):
            wrong = Wrong()
            wrong.example = example
            self.refuses(says, lambda: gradient(oracle(train=wrong)), TypeError)
        self.refuses("the module gives a tuple", lambda: gradient(oracle(lambda: nn.GRU(5, 2))), TypeError)
        per_example = oracle(loss=nn.CrossEntropyLoss(reduction="none"))
        self.refuses(r"the loss has the shape \(16,\)", lambda: gradient(per_example))


class Holdouts(unittest.TestCase):
    def test_the_same_share_of_each_class(self):
        labels = np.array([0] * 50 + [1] * 10 + [2])
        train, test = task().holdout(labels)
        self.assertEqual(np.sort(np.concatenate([train, test])).tolist(), list(range(61)))
        self.assertEqual(np.bincount(labels[test], minlength=3).tolist(), [10, 2, 0])
        self.assertTrue(all(np.array_equal(a, b) for a, b in zip((train, test), task().holdout(labels))))
        self.assertFalse(np.array_equal(task(seed=5).holdout(labels)[1], test))
        self.assertEqual(len(task().holdout(10, 0.3)[1]), 3)
        self.assertEqual([len(part) for part in task().holdout([0, 0, 1])], [2, 1])
        for few in ([0], [0, 1]):
            with self.assertRaisesRegex(ValueError, "expected"):
                task().holdout(few)

    def test_all_of_own_data_is_this_members(self):
        self.assertEqual(task().share([1, 0, 1]).tolist(), [0, 1, 2])


if __name__ == "__main__":
    unittest.main()
