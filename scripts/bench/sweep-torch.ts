/**
 * The sweep's runs in PyTorch, as one would write them: one process, all its threads, the training set in memory once, the
 * honest gradients by autograd, attack and rule as a few calls on the stacked vectors.
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
def images(name): return (read(name, 16).reshape(-1, 784).float() / 255 - 0.1307) / 0.3081
start, worked = time.perf_counter(), time.process_time()
x, y = images('train-images-idx3-ubyte'), read('train-labels-idx1-ubyte', 8).long()
tx, ty = images('t10k-images-idx3-ubyte'), read('t10k-labels-idx1-ubyte', 8).long()
def squares(v): return torch.cdist(v, v).square()
def krum(v, f):
    near = squares(v).sort(1).values[:, 1:len(v) - f]
    return v[near.sum(1).argmin()]
def cwtm(v, f): return v.sort(0).values[f:len(v) - f].mean(0)
def nnm(v, f): return v[squares(v).topk(len(v) - f, largest=False).indices].mean(1)
rules = {
    'mean': lambda v, f: v.mean(0),
    'cwtm': cwtm,
    'cwmed': lambda v, f: v.median(0).values,
    'krum': krum,
    'nnm+cwtm': lambda v, f: cwtm(nnm(v, f), f),
}
attacks = {
    'sign-flip': lambda h, own: -own,
    'empire': lambda h, own: (-1.1 * h.mean(0)).expand_as(own),
    'zero': lambda h, own: torch.zeros_like(own),
    'little': lambda h, own: (h.mean(0) - h.std(0)).expand_as(own),
}
def run(rule, attack, faults, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(784, 100), nn.ReLU(), nn.Linear(100, 10))
    parameters = list(model.parameters())
    sizes = [p.numel() for p in parameters]
    shares = torch.randperm(len(x)).chunk(a['peers'])
    n, honest = a['peers'], a['peers'] - faults
    needed = n if attack == 'sign-flip' else honest
    momenta = torch.zeros(n, sum(sizes))
    for _ in range(a['steps']):
        for worker in range(needed):
            rows = shares[worker][torch.randint(len(shares[worker]), (a['batch'],))]
            loss = nn.functional.cross_entropy(model(x[rows]), y[rows])
            gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])
            norm = gradient.norm()
            if norm > a['clip']: gradient *= a['clip'] / norm
            momenta[worker].mul_(a['momentum']).add_(gradient, alpha=1 - a['momentum'])
        vectors = momenta.clone()
        vectors[honest:] = attacks[attack](vectors[:honest], vectors[honest:])
        step = rules[rule](vectors, faults)
        with torch.no_grad():
            for p, part in zip(parameters, step.split(sizes)): p.sub_(a['rate'] * part.reshape(p.shape))
    with torch.no_grad(): return (model(tx).argmax(1) == ty).float().mean().item()
accuracies = [run(*each) for each in a['runs']]
print(json.dumps({
    'ms': 1000 * (time.perf_counter() - start),
    'seconds': time.process_time() - worked,
    'accuracy': sum(accuracies) / len(accuracies),
}))
`

interface TorchSweep {
  /** The folder with MNIST's four files, gzipped. */
  readonly data: string
  readonly peers: number
  readonly steps: number
  readonly batch: number
  readonly rate: number
  readonly momentum: number
  readonly clip: number
  readonly runs: readonly (readonly [rule: string, attack: string, faults: number, seed: number])[]
}

interface TorchTimes {
  /** From the opening of the data to the last evaluation. */
  readonly ms: number
  /** What all cores together worked in that time. */
  readonly seconds: number
  /** Mean over the runs. */
  readonly accuracy: number
}

/** Null where there is no PyTorch, or no MNIST. */
export function sweepTorch(options: TorchSweep): TorchTimes | null {
  for (const python of [process.env.PYTHON ?? 'python3', '/usr/bin/python3']) {
    const { OMP_NUM_THREADS: _, ...env } = process.env
    const { status, stdout } = spawnSync(python, ['-c', program, JSON.stringify(options)], {
      encoding: 'utf8',
      env,
    })
    if (status === 0) return JSON.parse(stdout)
  }
  return null
}
