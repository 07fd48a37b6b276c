"""Concord's simulations from Python: calls the command `concord`, and gives its results as pandas data frames.

    import concord
    runs = concord.sweep({'settings': {'architecture': 'server', 'data': 'digits', 'peers': 11, 'faults': 2},
                          'axes': {'rule': ['mean', 'cwtm'], 'attack': ['sign-flip', 'empire']}, 'seeds': 3},
                         out='swept/mine')
    runs.pivot_table(index='rule', columns='attack', values='accuracyMean')

The command is what `command=` says, or the variable CONCORD; else the one of a folder with `node_modules/.bin/concord`,
this folder or one above; else `concord` on the path; else that of the checkout which this file is in.
"""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile
import warnings

__all__ = ['ConcordError', 'series', 'simulate', 'sweep']


class ConcordError(RuntimeError):
    """The command has failed: its own words, and its exit code (2: wrong usage; None: it could not be started)."""

    def __init__(self, message, exit_code=None):
        super().__init__(message)
        self.exit_code = exit_code


def sweep(definition, out=None, *, threads=None, shard=None, budget=None, base='.', command=None, quiet=False):
    """Runs a sweep, or goes on where it stopped, and returns a row for each run: axes, settings, metrics.

    definition: path of a sweep's file, or its content as a dict; the fields are in docs/sweeps.md
    out:        the folder of the results; default: swept/NAME
    threads:    runs at a time; default: one a core
    shard:      '2/8': only the second of eight parts
    budget:     '2h': begin no run after so long
    base:       the folder that relative paths in a dict begin at
    quiet:      print no progress

    The frame is results.csv; `attrs['folder']` says where the rest is, and `series` reads the metrics on the way. A run that
    failed is a row with the status 'failed', and warned of. Raises ConcordError, and ImportError where there is no pandas.
    """
    pandas = _pandas()
    options = {'threads': threads, 'shard': shard, 'budget': budget}
    if not isinstance(definition, dict):
        file = os.fspath(definition)
        folder = _folder(out, os.path.splitext(os.path.basename(file))[0])
        return _swept(pandas, file, folder, options, command, quiet)
    definition = dict({'name': 'sweep'}, **definition)
    folder = _folder(out, definition['name'])
    # Relative paths in a sweep begin at its file.
    handle, file = tempfile.mkstemp(prefix='.concord-', suffix='.yaml', dir=base)
    try:
        with os.fdopen(handle, 'w', encoding='utf-8') as target:
            json.dump(definition, target, default=_plain)
        return _swept(pandas, file, folder, options, command, quiet)
    finally:
        os.remove(file)


def simulate(settings=None, *, report=None, command=None, quiet=False, **more):
    """Runs `concord simulate` once, and returns a row for each honest peer; on a server, one for its parameters.

    settings: options of simulate by name, as in a sweep's file, or as Python has names: localSteps or local_steps; or the
              path of a YAML file with them, which needs PyYAML. Further ones may be given by keyword: simulate(peers=13)
    report:   where the report is kept, as JSON; it also is `attrs['report']` of the frame

    Raises ConcordError, and ImportError where there is no pandas. A run that diverged is warned of.
    """
    pandas = _pandas()
    given = dict(_read(settings), **more)
    with tempfile.TemporaryDirectory(prefix='concord-') as scratch:
        path = os.path.join(scratch, 'report.json') if report is None else os.fspath(report)
        if os.path.exists(path):
            os.remove(path)
        arguments = [argument for name, value in given.items() for argument in _option(name, value)]
        code, words = _run(command, ['simulate', *arguments, '--report', path], quiet)
        _check(code, words, path)
        with open(path, encoding='utf-8') as source:
            told = json.load(source)
    rows = [dict({'peer': each['peer']}, **_figures(each)) for each in told['honest']]
    frame = pandas.DataFrame(rows)
    frame.attrs['report'] = told
    return frame


def series(results):
    """The metrics on the way, where `evaluateEvery` is set: a row for each evaluation.

    results: a frame of `sweep` or of `simulate`, or the folder of a sweep. Of a sweep the columns are run, metric, step and
    value; `.merge(runs, on='run')` puts the axes beside them. Of a simulation they are peer, step, loss, accuracy and so on.
    """
    pandas = _pandas()
    attrs = getattr(results, 'attrs', {})
    if 'report' in attrs:
        points = [dict({'peer': each['peer'], 'step': point['step']}, **_figures(point))
                  for each in attrs['report']['honest'] for point in each.get('series', [])]
        return pandas.DataFrame(points)
    return _read_csv(pandas, os.path.join(attrs.get('folder', results), 'series.csv'))


def _swept(pandas, file, folder, options, command, quiet):
    results = os.path.join(folder, 'results.csv')
    before = _changed(results)
    arguments = ['sweep', file, '--out', folder]
    for name, value in options.items():
        if value is not None:
            arguments += ['--' + name, str(value)]
    code, words = _run(command, arguments, quiet)
    _check(code, words, results if _changed(results) != before else None)
    frame = _read_csv(pandas, results)
    frame.attrs['folder'] = folder
    return frame


def _read_csv(pandas, path):
    # A run's name may look like a number, and an attack may be called as pandas calls a missing value.
    return pandas.read_csv(path, dtype={'run': str, 'version': str}, keep_default_na=False, na_values=[''],
                           float_precision='round_trip')


def _folder(out, name):
    return os.path.join('swept', name) if out is None else os.fspath(out)


def _changed(path):
    try:
        return os.stat(path).st_mtime_ns
    except FileNotFoundError:
        return None


def _figures(measured):
    figures = {name: measured[name] for name in ('loss', 'accuracy')}
    for name, value in (measured.get('metrics') or {}).items():
        if name != 'kind' and not isinstance(value, (dict, list)):
            figures[name] = value
    return figures


def _read(settings):
    if settings is None or isinstance(settings, dict):
        return settings or {}
    try:
        import yaml
    except ImportError as error:
        raise ImportError('a YAML file of settings needs PyYAML: pip install pyyaml, or give a dict') from error
    with open(settings, encoding='utf-8') as source:
        return yaml.safe_load(source)


def _option(name, value):
    """`localSteps=2` as `--local-steps 2`; a list and the parameters of a rule as an option for each."""
    flag = '--' + re.sub('[A-Z]', lambda letter: '-' + letter.group().lower(), name).replace('_', '-')
    value = _plain(value) if hasattr(value, 'tolist') else value
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, dict):
        value = ['%s=%s' % pair for pair in value.items()]
    values = value if isinstance(value, (list, tuple, range)) else [value]
    return [argument for each in values for argument in (flag, str(each))]


def _plain(value):
    """NumPy's numbers and arrays, ranges and paths, as JSON has them."""
    if hasattr(value, 'tolist'):
        return value.tolist()
    if isinstance(value, (range, set, frozenset)):
        return list(value)
    return os.fspath(value)


def _run(command, arguments, quiet):
    """The exit code, and what the command wrote to standard error."""
    started = _command(command) + arguments
    with tempfile.TemporaryFile() as errors:
        try:
            child = subprocess.Popen(started, stdout=subprocess.PIPE, stderr=errors, encoding='utf-8',
                                     env=dict(os.environ, NO_COLOR='1'))
        except OSError as error:
            raise ConcordError('%s cannot be started: %s' % (started[0], error.strerror)) from error
        with child:
            try:
                for line in child.stdout:
                    if not quiet:
                        print(line, end='', flush=True)
            except BaseException:
                # Finished runs are kept: the same call goes on from there.
                child.terminate()
                raise
        errors.seek(0)
        return child.returncode, errors.read().decode('utf-8', 'replace').strip()


def _check(code, words, written):
    """Raises where the command has written no result; warns where it has, and failed in part."""
    if code != 0 and (code != 1 or written is None or not os.path.exists(written)):
        raise ConcordError(words or 'concord ended with exit code %d' % code, code)
    if code != 0:
        warnings.warn(words, RuntimeWarning, stacklevel=4)


def _command(command):
    command = command or os.environ.get('CONCORD')
    if command:
        return shlex.split(command) if isinstance(command, str) else list(command)
    folder = os.getcwd()
    while True:
        installed = os.path.join(folder, 'node_modules', '.bin', 'concord')
        if os.path.exists(installed):
            return [installed]
        above = os.path.dirname(folder)
        if above == folder:
            break
        folder = above
    if shutil.which('concord'):
        return ['concord']
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    main = os.path.join(root, 'node', 'cli', 'main.ts')
    if os.path.exists(main):
        node = os.path.join(root, 'node_modules', '.bin', 'node')
        return [node if os.path.exists(node) else 'node', main]
    raise ConcordError('there is no concord here; expected npm install concord in this folder or one above, '
                       'concord on the path, or the variable CONCORD')


def _pandas():
    try:
        import pandas
    except ImportError as error:
        raise ImportError('concord gives its results as data frames of pandas: pip install pandas') from error
    return pandas
