/**
 * Every figure and table of the five papers, and the experiment that has it. docs/reproduce.md has a row for each, with
 * what was measured; the tests compare the two.
 */
interface PaperItem {
  readonly paper: string
  /** As `Figure 3`; `no figure` where an experiment tests a theorem that the paper draws nothing of. */
  readonly item: string
  /** What follows `concord reproduce`; null: there is nothing to run, or it cannot be run here. */
  readonly command: string | null
  /** What there is to see, or to compute. */
  readonly shows: string
  /** Why there is no command. */
  readonly why: string | null
}

type Line = readonly [paper: string, item: string, command: string | null, shows: string, why: string | null]

const lines: readonly Line[] = [
  ['collaborative-learning', 'Table 1', null, 'notation', 'nothing to run: notation'],
  ['collaborative-learning', 'no figure', 'learn-theorem', 'Theorem 1 bounds Δ₂(θ_*) and the gradient', null],
  [
    'approximate-byzantine-fault-tolerance',
    'Figure 1',
    null,
    'the architectures',
    'nothing to run: a drawing',
  ],
  ['approximate-byzantine-fault-tolerance', 'Table 1', 'redundancy', '0.0239, 4.7e-5, 0.0167, 0.00151', null],
  ['approximate-byzantine-fault-tolerance', 'Figure 2', 'redundancy', 'loss and distance, 1,500 steps', null],
  ['approximate-byzantine-fault-tolerance', 'Figure 3', 'redundancy', 'the first 80 steps', null],
  [
    'approximate-byzantine-fault-tolerance',
    'Figure 4',
    'lenet --data path/to/mnist',
    'CGE and CWTM close to fault-free on MNIST',
    null,
  ],
  [
    'approximate-byzantine-fault-tolerance',
    'Figure 5',
    'lenet --data path/to/fashion-mnist',
    'the same on Fashion-MNIST',
    null,
  ],
  ['comparative-gradient-elimination', 'Figure 1', null, 'the algorithm', 'nothing to run: a drawing'],
  [
    'comparative-gradient-elimination',
    'Figure 2',
    'cge --data path/to/mnist',
    'five filters, deliberate faults, f = 1',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 3',
    'cge --data path/to/mnist',
    'five filters, label-flipping and random, f = 1',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 4',
    'cge --data path/to/mnist',
    'multi-Krum, gradient-reverse, k = 16 and 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 5',
    'cge --data path/to/mnist',
    'multi-Krum, norm-confusing, k = 16 and 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 6',
    'cge --data path/to/mnist',
    'CGE, gradient-reverse, k = 16 and 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 7',
    'cge --data path/to/mnist',
    'CGE, norm-confusing, k = 16 and 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 8',
    'cge --data path/to/mnist',
    'CGE, f = 1 … 4, k = 16',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 9',
    'cge --data path/to/mnist',
    'multi-Krum, f = 1 … 4, k = 16',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 10',
    'cge --data path/to/mnist',
    'CGE, f = 1 … 4, k = 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 11',
    'cge --data path/to/mnist',
    'multi-Krum, f = 1 … 4, k = 64',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 12',
    'cge --data path/to/cifar-10',
    'five filters on CIFAR-10',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 13',
    'cge --data path/to/mnist',
    'multi-Krum, gradient averaging',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 14',
    'cge --data path/to/mnist',
    'CGE, gradient averaging',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 15',
    'cge --data path/to/cifar-10',
    'multi-Krum, averaging, CIFAR-10',
    null,
  ],
  [
    'comparative-gradient-elimination',
    'Figure 16',
    'cge --data path/to/cifar-10',
    'CGE, averaging, CIFAR-10',
    null,
  ],
  [
    'resam',
    'Table 1',
    null,
    'λ of six rules',
    'nothing to run: a statement, held by the tests of Propositions 3 to 8',
  ],
  [
    'resam',
    'Table 2',
    null,
    'rates of convergence',
    'nothing to run: a statement; `concord bounds resam` computes it',
  ],
  ['resam', 'Figure 1', 'resam --data path/to/mnist', 'f = 5, β = 0 and 0.99, MNIST', null],
  ['resam', 'Figure 2', 'resam --model resam-cifar --data path/to/cifar-10', 'CIFAR-10, f = 5 of 25', null],
  ['resam', 'Figure 3', 'resam --data path/to/fashion-mnist', 'f = 5, β = 0 and 0.99, Fashion-MNIST', null],
  [
    'resam',
    'Figure 4',
    'resam --data path/to/mnist',
    'CC with β = 0.9; Fashion-MNIST by the command of Figure 3',
    null,
  ],
  [
    'resam',
    'Figure 5',
    'resam --faults 7 --momentum 0.999 --data path/to/mnist',
    'f = 7, β = 0 and 0.999',
    null,
  ],
  [
    'byzantine-gradient-descent',
    'no figure',
    'linear-regression',
    'contraction ≤ 0.933, a floor of order √(dk/N)',
    null,
  ],
]

export const paperItems: readonly PaperItem[] = lines.map(([paper, item, command, shows, why]) => ({
  paper,
  item,
  command,
  shows,
  why,
}))
