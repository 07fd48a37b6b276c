"""Holds `concord aggregate` against NumPy: every rule and pre-aggregation that it lists, on files from numpy.save.

    python3 aggregate.py FOLDER COMMAND...

FOLDER is for the files; COMMAND starts command-lines.ts. Prints one JSON object a line: the rule, the matrix, the parameters
and the worst coordinate's relative error. Fails where the list has a rule or a parameter that is not defined here.
The definitions are in 64 bits and after the papers, not after Concord's own code.
"""

import itertools
import json
import os
import subprocess
import sys

import numpy as np


def norms(x):
    return np.linalg.norm(x, axis=-1)


def squared_distances(x):
    return ((x[:, None, :] - x[None, :, :]) ** 2).sum(axis=2)


def least(scores, count):
    return np.argsort(scores, kind="stable")[:count]


def mean(x, f):
    return x.mean(axis=0)


def cwtm(x, f):
    return np.sort(x, axis=0)[f : len(x) - f].mean(axis=0)


def cwmed(x, f):
    return np.median(x, axis=0)


def meamed(x, f):
    order = np.argsort(np.abs(x - np.median(x, axis=0)), axis=0, kind="stable")
    return np.take_along_axis(x, order[: len(x) - f], axis=0).mean(axis=0)


def bulyan(x, f):
    left, chosen = list(range(len(x))), []
    while len(chosen) < len(x) - 2 * f:
        pairs = np.sort(squared_distances(x[left]), axis=1)
        scores = pairs[:, 1 : 1 + max(1, len(left) - f - 2)].sum(axis=1)
        chosen.append(left.pop(int(np.argmin(scores))))
    kept = x[chosen]
    order = np.argsort(np.abs(kept - np.median(kept, axis=0)), axis=0, kind="stable")
    return np.take_along_axis(kept, order[: len(x) - 4 * f], axis=0).mean(axis=0)


def faults_taken(rule, n, f):
    return min(f, (n - 3) // 4) if rule == "bulyan" else f


def subset_of_least(score, n, size):
    return list(min(itertools.combinations(range(n), size), key=score))


def mda(x, f, keep=None):
    pairs = squared_distances(x)
    size = len(x) - f if keep is None else int(keep)
    return x[subset_of_least(lambda s: pairs[np.ix_(s, s)].max(), len(x), size)].mean(axis=0)


def smea(x, f):
    def variance(s):
        return np.linalg.norm(x[list(s)] - x[list(s)].mean(axis=0), ord=2)

    return x[subset_of_least(variance, len(x), len(x) - f)].mean(axis=0)


def krum_scores(x, f, neighbours=None):
    nearest = len(x) - f - 1 if neighbours is None else neighbours
    return np.sort(squared_distances(x), axis=1)[:, 1 : 1 + nearest].sum(axis=1)


def krum_original_scores(x, f):
    """Those of Blanchard et al. (2017): one neighbour fewer."""
    return krum_scores(x, f, max(1, len(x) - f - 2))


def krum_original(x, f):
    return x[np.argmin(krum_original_scores(x, f))]


def multi_krum_original(x, f, m=None):
    return x[least(krum_original_scores(x, f), len(x) - f if m is None else int(m))].mean(axis=0)


def krum(x, f):
    return x[np.argmin(krum_scores(x, f))]


def multi_krum(x, f, m=None):
    return x[least(krum_scores(x, f), len(x) - f if m is None else int(m))].mean(axis=0)


def gm(x, f, tolerance=None):
    z = np.median(x, axis=0)
    for _ in range(20_000):
        weights = 1 / np.maximum(norms(x - z), 1e-13)
        before, z = z, (weights[:, None] * x).sum(axis=0) / weights.sum()
        if norms(z - before) <= 1e-15 * norms(z):
            break
    # On an input the weights overflow: that input is the median where the others' pull is at most 1.
    j = np.argmin(norms(x - z))
    others = np.delete(x, j, axis=0) - x[j]
    pull = norms((others / norms(others)[:, None]).sum(axis=0)) if len(x) > 1 else 0
    return x[j] if pull <= 1 else z


def gmom(x, f, k=None, tau=np.inf, tolerance=None):
    groups = np.array_split(x, 2 * f + 1 if k is None else int(k))
    means = np.array([group.mean(axis=0) for group in groups])
    return gm(means[norms(means) <= tau], f)


def cge(x, f):
    return x[least(norms(x), len(x) - f)].mean(axis=0)


def cge_sum(x, f):
    return x[least(norms(x), len(x) - f)].sum(axis=0)


def cc(x, f, tau=10, passes=1):
    v = np.zeros(x.shape[1])
    for _ in range(int(passes)):
        v = v + ((x - v) * np.minimum(1, tau / norms(x - v))[:, None]).mean(axis=0)
    return v


def trimmed_middle(x, f):
    kept = np.sort(x, axis=0)[f : len(x) - f]
    return (kept[0] + kept[-1]) / 2


def middle_of_boxes(x, f, keep, centre):
    size = len(x) - f if keep is None else int(keep)
    centres = np.array([centre(x[list(s)]) for s in itertools.combinations(range(len(x)), size)])
    kept = np.sort(x, axis=0)[f : len(x) - f]
    return (np.maximum(kept[0], centres.min(axis=0)) + np.minimum(kept[-1], centres.max(axis=0))) / 2


def box_geom(x, f, keep=None):
    return middle_of_boxes(x, f, keep, lambda s: gm(s, f))


def box_mean(x, f, keep=None):
    return middle_of_boxes(x, f, keep, lambda s: s.mean(axis=0))


def cva(x, f, own=0, keep=None):
    return x[least(norms(x - x[int(own)]), len(x) - f if keep is None else int(keep))].mean(axis=0)


def monna(x, f, pivot=0):
    return x[least(norms(x - x[int(pivot)]), len(x) - f)].mean(axis=0)


def caf(x, f):
    c, best = np.ones(len(x)), (np.inf, None)
    while True:
        centre = np.average(x, axis=0, weights=c)
        values, directions = np.linalg.eigh(np.cov(x.T, aweights=c, bias=True).reshape(x.shape[1], -1))
        best = min(best, (values[-1], tuple(centre)))
        along = ((x - centre) @ directions[:, -1]) ** 2
        c = np.maximum(0, c * (1 - along / along[c > 0].max()))
        if c.sum() <= len(x) - 2 * f:
            return np.array(best[1])


def nnm(x, f):
    pairs = squared_distances(x)
    np.fill_diagonal(pairs, -1)
    return np.array([x[least(row, len(x) - f)].mean(axis=0) for row in pairs])


def bucketing(x, f, s=2):
    return np.array([x[at : at + int(s)].mean(axis=0) for at in range(0, len(x), int(s))])


def clip(x, f, radius=2):
    return x * np.minimum(1, radius / norms(x))[:, None]


def arc(x, f):
    n = len(x)
    return clip(x, f, np.sort(norms(x))[n - 1 - int(2 * f / n * (n - f))])


# With values to try for every parameter, beside what it is unless given; for 6 to 10 rows of norm about 9.
RULES = {
    "mean": (mean, []),
    "cwtm": (cwtm, []),
    "cwmed": (cwmed, []),
    "meamed": (meamed, []),
    "mda": (mda, [{"keep": 3}]),
    "krum": (krum, []),
    "multi-krum": (multi_krum, [{"m": 2}]),
    "krum-original": (krum_original, []),
    "multi-krum-original": (multi_krum_original, [{"m": 2}]),
    "bulyan": (bulyan, []),
    "gm": (gm, [{"tolerance": 1e-9}]),
    "gmom": (gmom, [{"k": 6}, {"tau": 30, "tolerance": 1e-8}]),
    "cge": (cge, []),
    "cge-sum": (cge_sum, []),
    "cc": (cc, [{"tau": 2, "passes": 3}]),
    "trimmed-middle": (trimmed_middle, []),
    "box-geom": (box_geom, [{"keep": 3}]),
    "box-mean": (box_mean, [{"keep": 3}]),
    "cva": (cva, [{"own": 4}, {"own": 2, "keep": 2}]),
    "monna": (monna, [{"pivot": 3}]),
    "caf": (caf, []),
    "smea": (smea, []),
}
PRE_AGGREGATIONS = {
    "nnm": (nnm, []),
    "bucketing": (bucketing, [{"s": 3}]),
    "clip": (clip, [{"radius": 9.5}]),
    "arc": (arc, []),
}


def matrices():
    """Rows around one point of norm 9 without coordinates near 0, scattered each a little more; with liars and without."""
    for n, f, d, liars, dtype, order in [(6, 1, 40, 0, "<f8", "C"), (9, 2, 7, 2, "<f4", "F"), (10, 2, 129, 2, "<f4", "C")]:
        random = np.random.default_rng(n)
        centre = random.choice([-1, 1], d) * random.uniform(1, 2, d)
        x = centre + 0.1 * np.arange(1, n + 1)[:, None] * random.normal(size=(n, d))
        x[:liars] *= np.array([-1.3, 40])[:liars, None]
        x = (6 / np.sqrt(d) * x).astype(np.float32)
        yield f"{n}x{d}", f, np.asarray(x.astype(dtype), order=order)


def checked(kind, table, listed):
    """The table, if it defines just what the list of that kind offers, and tries each of its parameters."""
    offered = {entry["name"]: {p["name"] for p in entry["parameters"]} for entry in listed if entry["kind"] == kind}
    tried = {name: {p for sample in samples for p in sample} for name, (_, samples) in table.items()}
    if offered != tried:
        sys.exit(f"concord lists the {kind}s {offered}; here are {tried}")
    return table


def main(folder, *command):
    lines = subprocess.Popen(command, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def concord(*arguments):
        print(json.dumps(["aggregate", *arguments]), file=lines.stdin)
        ended = json.loads(lines.stdout.readline())
        assert ended["code"] == 0, ended
        return ended["stdout"]

    listed = json.loads(concord("--list", "--json"))
    cases = [(name, rule, samples) for name, (rule, samples) in checked("rule", RULES, listed).items()]
    for name, (mix, samples) in checked("pre-aggregation", PRE_AGGREGATIONS, listed).items():
        mixed = lambda x, f, mix=mix, **parameters: cwmed(mix(x, f, **parameters), f)
        cases.append((f"{name}+cwmed", mixed, samples))
    result = os.path.join(folder, "result.npy")
    for matrix, f, x in matrices():
        path = os.path.join(folder, f"{matrix}.npy")
        np.save(path, x)
        for name, rule, samples in cases:
            for sample in [{}, *samples]:
                parameters = [f"--param={key}={value}" for key, value in sample.items()]
                faults = faults_taken(name, len(x), f)
                concord("--rule", name, "--faults", str(faults), *parameters, path, "-o", result)
                ours, expected = np.load(result), rule(x.astype(np.float64), faults, **sample)
                assert ours.dtype == x.dtype and ours.shape == expected.shape, (name, ours.dtype, ours.shape)
                error = float(np.max(np.abs(ours - expected) / np.abs(expected)))
                print(json.dumps({"rule": name, "matrix": matrix, "parameters": sample, "error": error}))


if __name__ == "__main__":
    main(*sys.argv[1:])
