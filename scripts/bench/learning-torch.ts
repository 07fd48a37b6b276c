/** The same models' gradients in PyTorch, on one thread like ours, if a Python here has it. */
import { spawnSync } from 'node:child_process'

const program = `
import json, sys, time
import torch
from torch import nn
torch.set_num_threads(1)
def lenet(second):
    return nn.Sequential(nn.Conv2d(1, 20, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(20, second, 5), nn.ReLU(),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * second, 500), nn.ReLU(), nn.Linear(500, 10))
models = {
    'softmax': lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 10)),
    'mlp': lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10)),
    'resam-cnn': lambda: lenet(20),
    'lenet': lambda: lenet(50),
}
result = {}
for case in json.loads(sys.argv[1]):
    module = models[case['model']]()
    x, y = torch.randn(case['batch'], 1, 28, 28), torch.randint(0, 10, (case['batch'],))
    times = []
    for _ in range(case['times'] + 2):
        start = time.perf_counter()
        module.zero_grad()
        nn.functional.cross_entropy(module(x), y).backward()
        times.append(1000 * (time.perf_counter() - start))
    result[f"{case['model']} {case['batch']}"] = sorted(times[2:])[case['times'] // 2]
print(json.dumps(result))
`

interface TorchCase {
  readonly model: string
  readonly batch: number
  readonly times: number
}

/** Medians in milliseconds by `MODEL BATCH`; empty if there is no PyTorch. */
export function torchTimes(cases: readonly TorchCase[]): Readonly<Record<string, number>> {
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', program, JSON.stringify(cases)], { encoding: 'utf8' })
    if (status === 0) return JSON.parse(stdout)
  }
  return {}
}
