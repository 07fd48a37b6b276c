"""The examples of large models, made small: what they learn, and what they say of wrong use. Run by `npm run test:python`
where there is PyTorch, with a folder of MNIST's four files."""

import contextlib
import hashlib
import io
import os
import sys
import tempfile
import unittest

import numpy as np

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(here, "../../python"), os.path.join(here, "../../python/examples")]
sys.path.append(os.path.join(here, "../../scripts/real-models"))
import baseline  # noqa: E402
import torch_lora  # noqa: E402
import torch_resnet  # noqa: E402
import torch_transformer  # noqa: E402
from concord_oracle import Task  # noqa: E402

IMAGES = sys.argv.pop(1)
TINY = ["--size", "tiny"]


def oracle(module, data, words, partition="own", peer=1):
    hello = {"peer": peer, "peers": 4, "seed": 3, "data": data, "partition": partition, "relabel": None}
    with contextlib.redirect_stdout(io.StringIO()):
        return module.setup(Task(hello), words)


def copied(tensors):
    return {name: np.array(values) for name, values in tensors.items()}


def descend(of, steps, rate):
    theta = copied(of.parameters)
    for step in range(1, steps + 1):
        gradient, _ = of.gradient(theta, step, 8)
        for name, values in theta.items():
            values -= rate * gradient[name]
    return theta


class LargeModels(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        words = np.random.default_rng(1).choice(["the", "peer", "sends", "a", "vector", "and", "waits"], 2000)
        self.text = self.write("text.txt", " ".join(words).encode())

    def write(self, name, content):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def learns(self, of, again, steps, rate):
        start = copied(of.parameters)
        first, loss = of.gradient(start, 5, 8)
        first = copied(first)
        descend(again, 1, rate)
        second, same_loss = again.gradient(start, 5, 8)
        self.assertEqual(loss, same_loss, "a function of what it is asked")
        for name in first:
            np.testing.assert_array_equal(first[name], second[name])
        before, after = of.evaluate(start)[0], of.evaluate(descend(of, steps, rate))[0]
        self.assertLess(after, 0.9 * before)

    def test_a_narrow_resnet_learns(self):
        of, again = (oracle(torch_resnet, IMAGES, ["--width", "8"], "iid") for _ in range(2))
        self.learns(of, again, 80, 0.02)

    def test_a_full_resnet_has_the_parameters_that_the_page_says(self):
        count = sum(p.numel() for p in torch_resnet.build(64).parameters())
        self.assertEqual(count, 11_172_810)

    def test_transformers_have_the_parameters_that_the_page_says(self):
        for size, expected in (("small", 1_065_600), ("large", 10_868_992)):
            module = torch_transformer.Transformer(*torch_transformer.SIZES[size])
            self.assertEqual(sum(p.numel() for p in module.parameters()), expected)

    def test_a_peer_learns_its_part_of_a_text_or_all_of_its_own(self):
        parts = [oracle(torch_transformer, self.text, TINY, "iid", peer) for peer in range(4)]
        whole, again = (oracle(torch_transformer, self.text, TINY) for _ in range(2))
        pieces = [bytes(part.train.data.text.tolist()) for part in parts]
        with open(self.text, "rb") as file:
            text = file.read()
        self.assertEqual(b"".join(pieces), text[: len(text) * 9 // 10])
        self.assertEqual(whole.examples, len(text) * 9 // 10 - torch_transformer.LENGTH)
        self.assertEqual(parts[0].evaluate(parts[0].parameters)[0], whole.evaluate(whole.parameters)[0])
        self.learns(whole, again, 40, 0.5)

    def test_lora_starts_at_the_model_of_the_file_and_learns_adapters_alone(self):
        base = oracle(torch_transformer, self.text, TINY)
        path = os.path.join(self.folder, "base.safetensors")
        baseline.save(path, base.parameters)
        with open(path, "rb") as file:
            digest = hashlib.sha256(file.read()).hexdigest()
        words = [*TINY, "--base", path, "--sha256"]
        of, again = (oracle(torch_lora, self.text, [*words, digest]) for _ in range(2))
        self.assertEqual(sum(values.size for values in of.parameters.values()), 4096)
        self.assertEqual(of.evaluate(of.parameters)[0], base.evaluate(base.parameters)[0])
        self.learns(of, again, 60, 1)
        with self.assertRaisesRegex(ValueError, "expected 0{64}, the file that the other members have"):
            oracle(torch_lora, self.text, [*words, "0" * 64])

    def test_what_is_wrong_is_said_in_a_sentence(self):
        short = self.write("short.txt", b"a few words")
        for module, data, words, says in [
            (torch_transformer, short, [], "has 11 bytes: expected at least 2816 for the number of peers, 4"),
            (torch_transformer, "/nowhere", [], "--data is '/nowhere': expected a text file"),
            (torch_resnet, "/nowhere", [], "--data is '/nowhere': expected a directory with MNIST's four IDX files"),
            (torch_resnet, IMAGES, ["--device", "cuda:99"], "device is 'cuda:99', which PyTorch cannot use here"),
            (torch_lora, short, ["--base", "/nowhere"], "--base is '/nowhere': expected the file of a learnt transformer"),
        ]:
            with self.assertRaisesRegex(ValueError, says):
                oracle(module, data, words, "iid")


if __name__ == "__main__":
    unittest.main()
