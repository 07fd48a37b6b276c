"""concord.py beside the command itself. sys.argv: a folder, then the command. Prints a line for each test that passed."""
import csv
import json
import os
import subprocess
import sys
import warnings

root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(root, 'python'))
import concord

folder, *command = sys.argv[1:]
os.chdir(folder)
settings = {'architecture': 'server', 'data': 'digits', 'model': 'softmax', 'peers': 5, 'steps': 2, 'batch': 8,
            'faults': 1, 'evaluateEvery': 1}


def raises(kind, call):
    try:
        call()
    except kind as error:
        return error
    raise AssertionError('expected %s' % kind.__name__)


def test_a_dict_and_its_file_are_one_sweep_and_the_frame_is_the_csv():
    import numpy
    import pandas
    definition = {'settings': settings, 'axes': {'rule': ['mean', 'cwtm'], 'rate': numpy.array([0.1, 0.5])},
                  'seeds': range(1, 3)}
    runs = concord.sweep(definition, out='of-dict', threads=1, command=command, quiet=True)
    plain = dict(definition, axes={'rule': ['mean', 'cwtm'], 'rate': [0.1, 0.5]}, seeds=[1, 2])
    with open('sweep.yaml', 'w') as target:
        json.dump(plain, target)
    again = concord.sweep('sweep.yaml', out='of-dict', command=command, quiet=True)
    assert again.equals(runs), 'nothing was run again'
    with open('of-dict/results.csv', newline='') as source:
        rows = list(csv.DictReader(source))
    assert len(rows) == len(runs) == 8
    for row, (_, run) in zip(rows, runs.iterrows()):
        assert (row['run'], row['rule'], row['status']) == (run['run'], run['rule'], 'done')
        for name in ('rate', 'accuracyMean', 'lossMean', 'seconds'):
            assert float(row[name]) == run[name], name
    points = concord.series(runs)
    assert list(points.columns) == ['run', 'metric', 'step', 'value']
    ends = points[(points.metric == 'lossMean') & (points.step == 2)].set_index('run')['value']
    assert ends.to_dict() == runs.set_index('run')['lossMean'].to_dict()
    assert concord.series('of-dict').equals(points)
    assert sorted(os.listdir('.')) == ['of-dict', 'sweep.yaml'], 'the dict’s file is gone'


def test_relative_paths_in_a_dict_begin_at_base():
    os.makedirs('rules')
    with open('rules/first.ts', 'w') as target:
        target.write('export const rule = (vectors: Float32Array[]) => vectors[0]!\n')
    definition = {'settings': dict(settings, rule='./first.ts')}
    runs = concord.sweep(definition, out='own', base='rules', command=command, quiet=True)
    assert list(runs['status']) == ['done']
    assert os.listdir('rules') == ['first.ts']


def test_errors_are_the_commands_own_words():
    error = raises(concord.ConcordError, lambda: concord.sweep(
        {'settings': dict(settings, rule='cwtn')}, out='wrong', command=command, quiet=True))
    assert error.exit_code == 2 and 'settings.rule' in str(error) and 'cwtm' in str(error), str(error)
    error = raises(concord.ConcordError, lambda: concord.simulate(attck='empire', command=command, quiet=True))
    assert error.exit_code == 2 and 'Did you mean --attack?' in str(error), str(error)
    error = raises(concord.ConcordError, lambda: concord.simulate(command='/nowhere/concord'))
    assert error.exit_code is None and '/nowhere/concord cannot be started' in str(error), str(error)


def test_a_run_that_failed_is_a_row_and_a_warning():
    with open('breaks.ts', 'w') as target:
        target.write("export const rule = (v: Float32Array[]) => { if (v[0]!.length > 2) throw Error('too long');"
                     ' return v[0]! }\n')
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter('always')
        runs = concord.sweep({'settings': settings, 'axes': {'rule': ['cwtm', './breaks.ts']}}, out='failed',
                             command=command, quiet=True)
    assert list(runs['status']) == ['done', 'failed'] and 'too long' in runs['why'][1]
    assert ['too long' in str(each.message) for each in warned] == [True], [str(each.message) for each in warned]


def test_simulate_gives_what_the_commands_report_says():
    given = dict(settings, rule='multi-krum', param={'m': 2}, seed=3, byzantine=None, rotating=False)
    frame = concord.simulate(given, local_steps=1, report='kept.json', command=command, quiet=True)
    subprocess.run([*command, 'simulate', '--architecture', 'server', '--data', 'digits', '--model', 'softmax',
                    '--peers', '5', '--steps', '2', '--batch', '8', '--faults', '1', '--evaluate-every', '1',
                    '--rule', 'multi-krum', '--param', 'm=2', '--seed', '3', '--report', 'report.json'],
                   check=True, stdout=subprocess.DEVNULL)
    with open('report.json') as one, open('kept.json') as other:
        told, kept = json.load(one), json.load(other)
    assert kept['honest'] == told['honest'] == frame.attrs['report']['honest']
    assert list(frame['loss']) == [each['loss'] for each in told['honest']]
    points = concord.series(frame)
    assert list(points['step']) == [point['step'] for each in told['honest'] for point in each['series']]


def test_without_pandas_it_says_what_to_install():
    code = ("import sys; sys.modules['pandas'] = None; sys.path.insert(0, %r)\nimport concord\n"
            "try: concord.sweep({})\nexcept ImportError as error: print(error)" % os.path.join(root, 'python'))
    told = subprocess.run([sys.executable, '-c', code], check=True, capture_output=True, text=True).stdout
    assert 'pip install pandas' in told, told


for name, each in list(globals().items()):
    if name.startswith('test_'):
        each()
        print(name)
