/** The same rules in NumPy, as a person would write them there, if `python3` has NumPy. */
import { spawnSync } from 'node:child_process'

const program = `
import json, sys, time
import numpy as np
n, f, d = map(int, sys.argv[1:4])
x = np.random.default_rng(1).normal(size=(n, d)).astype(np.float32)
def distances(x):
    return np.array([[np.sum((a - b) ** 2) for b in x] for a in x])
def krum(x):
    return np.sort(distances(x), axis=1)[:, 1:n - f].sum(axis=1)
def meamed(x):
    order = np.argsort(np.abs(x - np.median(x, axis=0)), axis=0)[:n - f]
    return np.take_along_axis(x, order, axis=0).mean(axis=0)
def gm(x):
    z = np.median(x, axis=0)
    for _ in range(100):
        r = np.maximum(np.linalg.norm(x - z, axis=1), 1e-12)
        step = (x / r[:, None]).sum(axis=0) / (1 / r).sum()
        moved, z = np.linalg.norm(step - z), step
        if moved <= 1e-6 * n / (1 / r).sum():
            break
    return z
def cge(x):
    return x[np.argsort(np.linalg.norm(x, axis=1))[:n - f]].mean(axis=0)
def cc(x):
    return (x * np.minimum(1, 10 / np.linalg.norm(x, axis=1))[:, None]).mean(axis=0)
rules = {
    'mean': lambda x: x.mean(axis=0),
    'cwtm': lambda x: np.sort(x, axis=0)[f:n - f].mean(axis=0),
    'cwmed': lambda x: np.median(x, axis=0),
    'trimmed-middle': lambda x: np.sort(x, axis=0)[[f, n - 1 - f]].mean(axis=0),
    'meamed': meamed,
    'krum': lambda x: x[np.argmin(krum(x))],
    'multi-krum': lambda x: x[np.argsort(krum(x))[:n - f]].mean(axis=0),
    'nnm': lambda x: x[np.argsort(distances(x), axis=1)[:, :n - f]].mean(axis=1) if n * n * d < 2e8 else [x[i].mean(axis=0) for i in np.argsort(distances(x), axis=1)[:, :n - f]],
    'gm': gm, 'cge': cge, 'cc': cc,
}
result = {}
for name, rule in rules.items():
    times = []
    for _ in range(3):
        start = time.perf_counter()
        rule(x)
        times.append(1000 * (time.perf_counter() - start))
    result[name] = sorted(times)[1]
print(json.dumps(result))
`

const oneThread = { OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', MKL_NUM_THREADS: '1' }

/** Medians in milliseconds by rule; nothing if there is no `python3` with NumPy. */
export function numpyTimes({
  n,
  f,
  d,
}: {
  n: number
  f: number
  d: number
}): Readonly<Record<string, number>> {
  const { status, stdout } = spawnSync('python3', ['-c', program, `${n}`, `${f}`, `${d}`], {
    encoding: 'utf8',
    env: { ...process.env, ...oneThread },
    timeout: 300_000,
  })
  return status === 0 ? JSON.parse(stdout) : {}
}
