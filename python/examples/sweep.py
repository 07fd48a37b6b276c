# %% [markdown]
# Which rule stands which attack? A small sweep, and a table of it. An editor that knows `# %%` runs this cell by cell; as
# a program it is `python3 sweep.py`. It takes half a minute on two cores.

# %%
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # not needed where the package is installed
import concord

# %% A dozen cells, of two seeds each. A second call takes them over, and runs only what has changed.
runs = concord.sweep(
    {
        'name': 'from-python',
        'settings': {'architecture': 'server', 'data': 'digits', 'model': 'softmax', 'peers': 11, 'faults': 3,
                     'steps': 20, 'batch': 16, 'evaluateEvery': 10},
        'axes': {'rule': ['mean', 'cwtm', 'nnm+cwtm'], 'attack': ['sign-flip', 'empire']},
        'seeds': 2,
    },
    out=sys.argv[1] if len(sys.argv) > 1 else 'swept/from-python',
)

# %% The accuracy, a mean over the seeds.
print(runs.pivot_table(index='rule', columns='attack', values='accuracyMean').round(3))

# %% The worst attack for each rule.
cells = runs.groupby(['rule', 'attack'])['accuracyMean'].mean().unstack()
print(cells.idxmin(axis=1).rename('worst attack').to_frame().join(cells.min(axis=1).rename('accuracy')).round(3))

# %% On the way: every evaluation, beside the axes of its run.
points = concord.series(runs).merge(runs[['run', 'rule', 'attack']], on='run')
losses = points[points.metric == 'lossMean'].pivot_table(index='step', columns='rule', values='value')
print(losses.round(3))

# %% One run, peer by peer.
print(concord.simulate(peers=7, faults=1, steps=5, data='digits', model='softmax', batch=16, quiet=True))
