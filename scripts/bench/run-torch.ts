/**
 * The same steps as one loop around a trusted server, in PyTorch, in one process: honest workers and a liar, whose
 * gradients meet in a trimmed mean. Needs a Python with PyTorch and MNIST's four files.
 */
import { spawnSync } from 'node:child_process'

const program = `
import gzip, json, sys, time
import torch
from torch import nn
a = json.loads(sys.argv[1])
def read(name, skip):
    with gzip.open(f"{a['data']}/{name}.gz") as file:
        return torch.frombuffer(bytearray(file.read()[skip:]), dtype=torch.uint8)
x = read('train-images-idx3-ubyte', 16).reshape(-1, 784).float() / 255
y = read('train-labels-idx1-ubyte', 8).long()
model = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
shapes = [p.shape for p in model.parameters()]
def gradient(rows):
    model.zero_grad()
    nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
    return torch.cat([p.grad.flatten() for p in model.parameters()])
torch.manual_seed(a['seed'])
shares = torch.randperm(len(x)).chunk(a['workers'])
def step(velocity):
    honest = [gradient(share[torch.randint(len(share), (a['batch'],))]) for share in shares]
    liars = [-torch.stack(honest).mean(0)] * a['liars']
    kept = torch.stack(honest + liars).sort(0).values[a['faults']:len(honest) + a['liars'] - a['faults']]
    velocity = a['momentum'] * velocity + kept.mean(0)
    with torch.no_grad():
        parts = velocity.split([s.numel() for s in shapes])
        for p, part, s in zip(model.parameters(), parts, shapes): p -= a['rate'] * part.reshape(s)
    return velocity
velocity = torch.zeros(sum(s.numel() for s in shapes))
for _ in range(5): velocity = step(velocity)
start = time.perf_counter()
for _ in range(a['steps']): velocity = step(velocity)
seconds = time.perf_counter() - start
x, y = (read('t10k-images-idx3-ubyte', 16).reshape(-1, 784).float() / 255, read('t10k-labels-idx1-ubyte', 8).long())
with torch.no_grad(): print(json.dumps({'stepMs': 1000 * seconds / a['steps'], 'accuracy': (model(x).argmax(1) == y).float().mean().item()}))
`

interface TorchRun {
  readonly data: string
  readonly workers: number
  readonly liars: number
  readonly faults: number
  readonly batch: number
  readonly rate: number
  readonly momentum: number
  readonly steps: number
  readonly seed: number
}

/** Time of a step, and accuracy on the test set; null where there is no PyTorch, or no MNIST. */
export function runTorch(options: TorchRun): { readonly stepMs: number; readonly accuracy: number } | null {
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const { status, stdout } = spawnSync(python, ['-c', program, JSON.stringify(options)], {
      encoding: 'utf8',
    })
    if (status === 0) return JSON.parse(stdout)
  }
  return null
}
