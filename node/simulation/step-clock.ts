/**
 * Counts the steps by which the faults of a cohort that learns are timed: those of the most advanced honest peer. If
 * too many peers are away, no peer can go on. Then each standstill of a certain length counts as a step, so that a
 * fault that ends at a step does end, and the cohort goes on.
 */
import type { World } from './world.ts'

export interface StepClock {
  /** The newest step that an honest peer has begun; 0 before the first. */
  newest(): number
  /** How many steps the standstills have counted beyond the newest one. */
  stood(): number
  /** An honest peer has begun this step. For a peer that has ended it is the step after the last. */
  moved(step: number): void
  /** Whether no peer has moved for so long that none ever will. */
  isStuck(): boolean
  /** Runs at the beginning of a step. */
  at(step: number, run: () => void): void
  /** The same for the end of a fault. While it is pending, a standstill counts. */
  until(step: number, run: () => void): void
}

interface StepClockOptions {
  readonly world: World
  /** An estimate of a step's duration, used until the first step has ended. */
  readonly stepMs: number
}

/** If no peer moves for this many times the longest step so far, and for at least this time, a step is counted. */
const STILL_STEPS = 5
const STILL_MS_MIN = 1000
/** After this many such standstills in a row no peer will ever move again. */
const STUCK_STEPS = 300

interface State {
  readonly options: StepClockOptions
  /** By step: the faults that end then, and those that begin. */
  readonly ends: Map<number, (() => void)[]>
  readonly begins: Map<number, (() => void)[]>
  newest: number
  /** Steps so far, standstills included. */
  counted: number
  moves: number
  movedMs: number
  longestMs: number
  waiting: number
}

export function createStepClock(options: StepClockOptions): StepClock {
  const { world, stepMs } = options
  const state: State = {
    options,
    ends: new Map(),
    begins: new Map(),
    newest: 0,
    counted: 0,
    moves: 0,
    movedMs: 0,
    longestMs: stepMs,
    waiting: 0,
  }
  let begunMs = 0
  return {
    newest: () => state.newest,
    stood: () => Math.max(0, state.counted - state.newest),
    moved(step) {
      state.moves++
      state.movedMs = world.nowMs()
      if (step > state.newest) {
        if (state.newest > 0) state.longestMs = Math.max(state.longestMs, world.nowMs() - begunMs)
        begunMs = world.nowMs()
        state.newest = step
        advance(state, step)
      }
      watchStandstill(state)
    },
    isStuck: () => state.waiting === 0 && world.nowMs() - state.movedMs > STUCK_STEPS * stillMs(state),
    at: (step, run) => wait(state, state.begins, step, run),
    until(step, run) {
      state.waiting++
      wait(state, state.ends, step, () => {
        state.waiting--
        run()
      })
      watchStandstill(state)
    },
  }
}

function stillMs({ longestMs }: State): number {
  return Math.max(STILL_MS_MIN, STILL_STEPS * longestMs)
}

function wait({ counted, options }: State, at: State['ends'], step: number, run: () => void): void {
  if (step <= counted) options.world.after(0, run)
  else at.set(step, [...(at.get(step) ?? []), run])
}

/** At a step, faults end before others begin. */
function advance(state: State, step: number): void {
  const { ends, begins, options } = state
  for (; state.counted < step; state.counted++)
    for (const due of [ends, begins]) {
      for (const run of due.get(state.counted + 1) ?? []) options.world.after(0, run)
      due.delete(state.counted + 1)
    }
}

function watchStandstill(state: State): void {
  if (state.waiting === 0) return
  const seen = state.moves
  state.options.world.after(stillMs(state), () => {
    if (state.moves !== seen || state.waiting === 0) return
    state.moves++
    advance(state, state.counted + 1)
    watchStandstill(state)
  })
}
