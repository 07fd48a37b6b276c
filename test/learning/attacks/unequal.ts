/**
 * Members with unequal data, drawn from a seed: four classes of points, softmax regression, and shares of the classes as
 * `dirichlet:0.1` draws them. What they would send, and what a cohort of them learns beside liars.
 */
import { ruleOf } from '../../../agreement/averaging/rule-of.ts'
import type { Phase } from '../../../agreement/message.ts'
import { diameter, type Vector } from '../../../agreement/vector.ts'
import type { Attack } from '../../../learning/attacks/attack.ts'
import { randomStream } from '../../../learning/random.ts'

const CLASSES = 4
const FEATURES = 6
const BATCH = 16
const RATE = 0.3
/** Of a gradient. */
export const dimension = CLASSES * (FEATURES + 1)

export interface Size {
  readonly peers: number
  readonly maxFaulty: number
}

/** Data of all members, the liars last. */
interface Members extends Size {
  readonly seed: number
  /** Of its own batch of the step. @param flipped with labels `l → 3 − l` */
  gradient(peer: number, step: number, parameters: Vector, flipped?: boolean): Vector
  /** Of the honest members' data, each as much as the next. */
  loss(parameters: Vector): number
}

interface Batch {
  readonly points: readonly (readonly number[])[]
  readonly labels: readonly number[]
}

/** @param data 0.1 unequal, Infinity equal */
export function drawMembers({ peers, maxFaulty }: Size, seed: number, concentration = 0.1): Members {
  const { normal, logGamma } = randomStream(seed, 'members')
  const centres = Array.from({ length: CLASSES }, () =>
    Array.from({ length: FEATURES }, () => 1.2 * normal()),
  )
  const shares = Array.from({ length: peers }, () => {
    if (concentration === Infinity) return Array.from({ length: CLASSES }, () => 1 / CLASSES)
    return softmax(Array.from({ length: CLASSES }, () => logGamma(concentration)))
  })
  // The same for every attack: drawn once.
  const batches = new Map<string, Batch>()
  const batch = (peer: number, step: number, size: number): Batch => {
    const known = batches.get(`${peer}/${step}`)
    if (known !== undefined) return known
    const random = randomStream(seed, 'batch', peer, step)
    const labels = Array.from({ length: size }, () => drawn(shares[peer]!, random.uniform()))
    const points = labels.map(label => centres[label]!.map(value => value + random.normal()))
    batches.set(`${peer}/${step}`, { points, labels })
    return { points, labels }
  }
  const tests = Array.from({ length: peers - maxFaulty }, (_, peer) => batch(peer, 0, 40))
  return {
    peers,
    maxFaulty,
    seed,
    gradient(peer, step, parameters, flipped = false) {
      const { points, labels } = batch(peer, step, BATCH)
      const taught = flipped ? labels.map(label => CLASSES - 1 - label) : labels
      return gradientOf({ points, labels: taught }, parameters)
    },
    loss: parameters => tests.reduce((sum, test) => sum + lossOf(test, parameters), 0) / tests.length,
  }
}

function drawn(shares: readonly number[], uniform: number): number {
  let below = 0
  const place = shares.findIndex(share => {
    below += share
    return uniform < below
  })
  return place < 0 ? CLASSES - 1 : place
}

function softmax(logits: readonly number[]): number[] {
  const most = Math.max(...logits)
  const powers = logits.map(value => Math.exp(value - most))
  const sum = powers.reduce((total, value) => total + value, 0)
  return powers.map(value => value / sum)
}

function probabilities(point: readonly number[], parameters: Vector): number[] {
  const logits: number[] = []
  for (let row = 0; row < CLASSES; row++) {
    const at = row * (FEATURES + 1)
    let logit = parameters[at + FEATURES]!
    for (let i = 0; i < FEATURES; i++) logit += point[i]! * parameters[at + i]!
    logits.push(logit)
  }
  return softmax(logits)
}

function gradientOf({ points, labels }: Batch, parameters: Vector): Vector {
  const gradient = new Float32Array(dimension)
  for (const [place, point] of points.entries())
    for (const [row, probability] of probabilities(point, parameters).entries()) {
      const error = (probability - (labels[place] === row ? 1 : 0)) / points.length
      const at = row * (FEATURES + 1)
      for (let i = 0; i < FEATURES; i++) gradient[at + i]! += error * point[i]!
      gradient[at + FEATURES]! += error
    }
  return gradient
}

function lossOf({ points, labels }: Batch, parameters: Vector): number {
  const losses = points.map((point, place) => -Math.log(probabilities(point, parameters)[labels[place]!]!))
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length
}

/** What an exchange of gradients brings. */
export interface Round {
  readonly step: number
  readonly honest: readonly Vector[]
  /** What each liar would have sent, if it were honest, and with labels turned round. */
  readonly own: readonly Vector[]
  readonly flipped: readonly Vector[]
}

/** Exchanges of members who all descend along the honest mean, whatever liars say: the same for every attack and rule. */
export function drawRounds(members: Members, steps: number): Round[] {
  const { peers, maxFaulty, gradient } = members
  const everyone = Array.from({ length: peers }, (_, peer) => peer)
  const liars = everyone.slice(peers - maxFaulty)
  const parameters = new Float32Array(dimension)
  return Array.from({ length: steps }, (_, index) => {
    const step = index + 1
    const [own, flipped] = [false, true].map(flip =>
      liars.map(peer => gradient(peer, step, parameters, flip)),
    )
    const honest = everyone.slice(0, peers - maxFaulty).map(peer => gradient(peer, step, parameters))
    for (const vector of honest) descend(parameters, vector, RATE / honest.length)
    return { step, honest, own: own!, flipped: flipped! }
  })
}

function descend(parameters: Float32Array, gradient: Vector, rate: number): void {
  for (let i = 0; i < parameters.length; i++) parameters[i]! -= rate * gradient[i]!
}

interface Learnt {
  /** Δ₂ of the honest parameters at the end. */
  readonly diameter: number
  /** Of the worst honest peer. */
  readonly loss: number
}

/**
 * LEARN with one iteration of MDA in each agreement. Each honest peer has the vectors of the liars and of those honest ones
 * that the seed lets come first, `n − f` in all.
 */
export function learnt(members: Members, attack: Attack, steps: number, firstRule?: string): Learnt {
  const { peers, maxFaulty, seed, gradient, loss } = members
  const settings = { protocol: 'mda', synchrony: 'asynchronous', peers, maxFaulty } as const
  const rule = ruleOf({ ...settings, ...(firstRule && { firstRule }) })
  const order = randomStream(seed, 'order')
  const random = randomStream(seed, 'adversary').uniform
  const shared = new Map<string, unknown>()
  const honest = Array.from({ length: peers - maxFaulty }, (_, peer) => peer)
  const liars = Array.from({ length: maxFaulty }, (_, i) => honest.length + i)
  /** @param own of all members */
  const agree = (step: number, phase: Phase, own: readonly Vector[]): Vector[] => {
    const exchange = { step, phase, iteration: 0 }
    const seen = honest.map(peer => own[peer]!)
    const lie = (sender: number, recipient: number) =>
      attack.forge({
        slot: { ...exchange, sender },
        recipient,
        peers,
        maxFaulty,
        own: own[sender]!,
        honest: seen,
        random,
        rule: vectors => rule(exchange, vectors),
        shared,
      })
    const toAll = attack.perRecipient ? null : liars.map(liar => lie(liar, liar))
    return honest.map(peer => {
      const lies = (toAll ?? liars.map(liar => lie(liar, peer))).filter(vector => vector !== null)
      const others = order.shuffle(honest.filter(other => other !== peer)).map(other => seen[other]!)
      return rule(exchange, [seen[peer]!, ...lies, ...others].slice(0, peers - maxFaulty))
    })
  }
  let parameters: Vector[] = [...honest, ...liars].map(() => new Float32Array(dimension))
  for (let step = 1; step <= steps; step++) {
    const flips = (peer: number) => attack.relabel !== undefined && peer >= honest.length
    const own = parameters.map((each, peer) => gradient(peer, step, each, flips(peer)))
    const directions = agree(step, 'gradient', own)
    // A liar's own parameters are where the first honest peer's are.
    const moved = [...honest, ...liars].map((peer, place) => {
      const next = new Float32Array(parameters[place]!)
      descend(next, directions[peer] ?? directions[0]!, RATE)
      return next
    })
    const agreed = agree(step, 'parameters', moved)
    parameters = [...agreed, ...liars.map(() => agreed[0]!)]
  }
  const ends = honest.map(peer => parameters[peer]!)
  return { diameter: diameter(ends), loss: Math.max(...ends.map(loss)) }
}
