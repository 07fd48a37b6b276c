/**
 * One iteration of the standard form as the adversary sees it: which q vectors each honest peer gets, and what the
 * faulty ones among them say. A search over scenes looks for the worst one instead of trusting random attacks.
 */
import type { ExecutionContext } from 'ava'
import { honestCount, quorum, type Synchrony } from '../../../agreement/thresholds.ts'
import { diameter, distance, type Vector } from '../../../agreement/vector.ts'
import { type RandomStream, randomStream } from '../../../learning/random.ts'

export interface Setting {
  readonly n: number
  readonly f: number
  readonly d: number
  readonly synchrony: Synchrony
  /** `q`, where it is not `n − f`. */
  readonly q?: number
}

/** What one honest peer gets: `hears` honest peers (itself always), and one lie from each of some faulty ones. */
export interface View {
  readonly hears: readonly number[]
  readonly lies: readonly Vector[]
}

export interface Scene {
  readonly honest: readonly Vector[]
  /** By honest peer. */
  readonly views: readonly View[]
}

/** A rule as a peer applies it: to what it received, itself holding `own`. */
export type PeerRule = (received: readonly Vector[], own: Vector) => Vector

export function outputsOf({ honest, views }: Scene, rule: PeerRule): Vector[] {
  return views.map(({ hears, lies }, self) =>
    rule([...hears.map(peer => honest[peer]!), ...lies], honest[self]!),
  )
}

export function meanOf(family: readonly Vector[]): Vector {
  return Float32Array.from(family[0]!, (_, i) => family.reduce((sum, v) => sum + v[i]!, 0) / family.length)
}

/** `Δ₂(out) / Δ₂(in)`. */
export function contractionIn(scene: Scene, rule: PeerRule): number {
  return ratio(diameter(outputsOf(scene, rule)), diameter(scene.honest))
}

/** `‖mean(out) − mean(in)‖₂ / Δ₂(in)`. */
export function shiftIn(scene: Scene, rule: PeerRule): number {
  return ratio(distance(meanOf(outputsOf(scene, rule)), meanOf(scene.honest)), diameter(scene.honest))
}

/** The greatest `Δ^cw(out)[i] / Δ^cw(in)[i]`. */
export function coordinateContractionIn(scene: Scene, rule: PeerRule): number {
  const out = outputsOf(scene, rule)
  const range = (family: readonly Vector[], i: number) =>
    diameter(family.map(vector => vector.subarray(i, i + 1)))
  return Math.max(...Array.from(out[0]!, (_, i) => ratio(range(out, i), range(scene.honest, i))))
}

function ratio(after: number, before: number): number {
  return before < 0.5 ? 0 : after / before // below, 32-bit rounding would count
}

/** A scene in which peer i hears only some of the faulty, who keep silent towards the others. */
export function withSilence({ honest, views }: Scene, heard: (peer: number) => number): Scene {
  return { honest, views: views.map(({ hears, lies }, i) => ({ hears, lies: lies.slice(0, heard(i)) })) }
}

/** Fails where `value` is above `bound` by more than 32-bit rounding makes; returns it, to search for more. */
export function atMost(t: ExecutionContext, what: string, value: number, bound: number): number {
  if (value > bound * (1 + 1e-5)) t.fail(`${what} ${value}, bound ${bound}`)
  return value
}

/** Checks that each width is `bound` times the one before it, as where a bound is attained. */
export function contractsBy(t: ExecutionContext, widths: readonly number[], bound: number): void {
  for (const [r, width] of widths.slice(1).entries()) {
    const ratio = width / widths[r]!
    t.true(ratio <= bound + 1e-6 && ratio >= bound * 0.999, `${ratio} of ${bound} in iteration ${r}`)
  }
}

interface Search {
  readonly setting: Setting
  readonly score: (scene: Scene) => number
  readonly seed: number
  readonly restarts: number
  readonly moves: number
}

/** The worst scene that hill climbing finds, from random starts. Every scene it meets goes through `score`. */
export function worstScene({ setting, score, seed, restarts, moves }: Search): {
  scene: Scene
  score: number
} {
  const random = randomStream(seed, 'scene')
  let best: { scene: Scene; score: number } | null = null
  for (let restart = 0; restart < restarts; restart++) {
    let scene = randomScene(setting, random)
    let here = score(scene)
    for (let move = 0; move < moves; move++) {
      const size = 2 * 0.01 ** (move / moves)
      const next = neighbour(scene, setting, random, size)
      const there = score(next)
      if (there >= here) [scene, here] = [next, there]
    }
    if (best === null || here > best.score) best = { scene, score: here }
  }
  return best!
}

/** How many honest vectors reach a peer at least, and how many vectors in all. */
function counts({ n, f, synchrony, q: chosen }: Setting) {
  const h = honestCount(n, f)
  const q = quorum(n, f, synchrony, chosen)
  return { h, q, heard: synchrony === 'synchronous' ? h : q - f }
}

function randomScene(setting: Setting, random: RandomStream): Scene {
  const { h, heard } = counts(setting)
  const honest = Array.from({ length: h }, () => randomVector(setting.d, random))
  const views = honest.map((_, self) => {
    const others = random.shuffle(Array.from({ length: h }, (_, peer) => peer).filter(peer => peer !== self))
    return {
      hears: [self, ...others.slice(0, heard - 1)],
      lies: Array.from({ length: setting.f }, () => randomVector(setting.d, random)),
    }
  })
  return { honest, views }
}

function randomVector(d: number, random: RandomStream): Vector {
  return Float32Array.from({ length: d }, () => 2 * random.uniform() - 1)
}

function neighbour(scene: Scene, setting: Setting, random: RandomStream, size: number): Scene {
  const honest = [...scene.honest]
  const views = [...scene.views]
  const self = random.integer(views.length)
  const view = views[self]!
  const { h, heard } = counts(setting)
  switch (random.integer(heard < h ? 5 : 4)) {
    case 0: // one honest vector a little
      honest[self] = nudge(honest[self]!, random, size)
      break
    case 1: // one honest vector onto another
      honest[self] = honest[random.integer(h)]!
      break
    case 2: // one lie a little
      views[self] = { ...view, lies: replaceOne(view.lies, random, lie => nudge(lie, random, size)) }
      break
    case 3: // what another peer is told, if need be with the same delays
      views[self] = imitate(view, views[random.integer(h)]!, self)
      break
    case 4: // another honest peer delayed
      views[self] = { ...view, hears: delayAnother(view.hears, self, h, random) }
      break
  }
  return { honest, views }
}

function nudge(vector: Vector, random: RandomStream, size: number): Vector {
  const next = new Float32Array(vector)
  next[random.integer(next.length)]! += size * random.normal()
  return next
}

function replaceOne<T>(list: readonly T[], random: RandomStream, by: (item: T) => T): T[] {
  if (list.length === 0) return []
  const at = random.integer(list.length)
  return list.map((item, i) => (i === at ? by(item) : item))
}

function imitate(view: View, other: View, self: number): View {
  return { lies: other.lies, hears: other.hears.includes(self) ? other.hears : view.hears }
}

function delayAnother(hears: readonly number[], self: number, h: number, random: RandomStream): number[] {
  const absent = Array.from({ length: h }, (_, peer) => peer).filter(peer => !hears.includes(peer))
  const comes = absent[random.integer(absent.length)]!
  return replaceOne(
    hears.filter(peer => peer !== self),
    random,
    () => comes,
  ).concat(self)
}
