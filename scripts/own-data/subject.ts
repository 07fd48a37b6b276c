/** What a story is about: the members' data, how they agree on a schema for it, and what they learn from it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { holdOut } from '../../learning/data/hold-out.ts'
import { imagesOf, labs, writeImages } from './images.ts'
import { wantedOfImages, wantedOfRows } from './search.ts'
import { hospitals, rowsOf, tableText } from './tables.ts'

/** What must not be found, by its first bytes. */
export type Wanted = ReadonlyMap<string, string>

export interface Subject {
  /** The data of a member, or all honest members' training examples: `pooled`. */
  readonly data: (name: string) => string
  /** A member's examples that it holds out, to measure other models on. */
  readonly heldOut: (name: string) => string
  /**
   * Writes everybody's data.
   * @returns by honest member, what of its data must not be found in what it sends
   */
  write(folder: string, seed: number): Promise<ReadonlyMap<string, Wanted>>
  /** How the members agree on a schema; null: their programs read the data, and need none. */
  readonly schema: {
    readonly proposer: string
    readonly inspected: readonly string[]
    /** What the proposer's own data lacks. */
    readonly lacking: string
    /** Puts that into the schema's text, as a person does. */
    readonly complete: (schema: string) => string
  } | null
  /** A Python program that is the members' oracle, and that measures saved models; null: our own models. */
  readonly oracle: string | null
  readonly learning: readonly string[]
  readonly batch: number
}

/** The honest members. */
export const honest: readonly string[] = ['alice', 'bob', 'carol']
export const LIAR = 'dave'
/** The cohort's seed, which chooses the examples that are held out. */
export const SEED = 1
const HOLDOUT = 0.2

/** Splits a member's examples as the member itself does. */
function split<T>(all: readonly T[], labelOf: (example: T) => number) {
  const { train, test } = holdOut(Uint8Array.from(all, labelOf), HOLDOUT, SEED)
  return { train: Array.from(train, row => all[row]!), test: Array.from(test, row => all[row]!) }
}

const tables: Subject = {
  data: name => `${name}.csv`,
  heldOut: name => `${name}.held-out.csv`,
  async write(folder, seed) {
    const write = (
      name: string,
      hospital: (typeof hospitals)[number],
      rows: Parameters<typeof tableText>[1],
    ) => writeFile(join(folder, name), tableText(hospital, rows))
    const training: Parameters<typeof tableText>[1][number][] = []
    const wanted = new Map<string, Wanted>()
    for (const [place, hospital] of hospitals.entries()) {
      const rows = rowsOf(hospital, place, seed)
      // The schema's classes are in alphabetical order.
      const { train, test } = split(rows, ({ outcome }) => (outcome === 'well' ? 1 : 0))
      training.push(...train)
      await write(tables.data(hospital.name), hospital, rows)
      await write(tables.heldOut(hospital.name), hospital, test)
      wanted.set(hospital.name, wantedOfRows(rows))
    }
    const [first] = hospitals
    await write(tables.data('pooled'), first!, training)
    await write(tables.data(LIAR), first!, rowsOf(first!, 0, seed + 1))
    return wanted
  },
  schema: {
    proposer: 'alice',
    inspected: ['--target', 'outcome'],
    lacking: 'Core',
    complete: schema => schema.replace(/^( *)- Bolt$/m, '$&\n$1- Core'),
  },
  oracle: null,
  learning: ['--model', 'softmax', '--steps', '400', '--rate', '1'],
  batch: 128,
}

/**
 * @param isAll whether members' data includes what is held out to measure on, which only we know how to split
 * @param times how many times as many images
 */
async function writeLabs(
  folder: string,
  seed: number,
  isAll: boolean,
  times: number,
): Promise<ReadonlyMap<string, Wanted>> {
  const training: ReturnType<typeof imagesOf> = []
  const wanted = new Map<string, Wanted>()
  const classes = [...new Set(labs.flatMap(({ shapes }) => shapes))].sort()
  for (const [place, lab] of labs.entries()) {
    const all = imagesOf({ ...lab, images: times * lab.images }, place, seed)
    const { train, test } = split(all, ({ label }) => classes.indexOf(label))
    training.push(...train)
    await writeImages(join(folder, images.data(lab.name)), isAll ? all : train)
    await writeImages(join(folder, images.heldOut(lab.name)), test)
    wanted.set(lab.name, wantedOfImages(all))
  }
  await writeImages(join(folder, images.data('pooled')), training)
  await writeImages(join(folder, images.data(LIAR)), imagesOf(labs[0]!, 0, seed + 1))
  return wanted
}

const images: Subject = {
  data: name => name,
  heldOut: name => `${name}.held-out`,
  write: (folder, seed) => writeLabs(folder, seed, true, 1),
  schema: {
    proposer: 'carol',
    inspected: [],
    lacking: 'ring',
    complete: schema => schema.replace(/^( *)- disc$/m, '$&\n$1- ring'),
  },
  oracle: null,
  learning: ['--model', 'mlp:32', '--steps', '600', '--rate', '0.3'],
  batch: 64,
}

const pytorch: Subject = {
  ...images,
  write: (folder, seed) => writeLabs(folder, seed, false, 6),
  schema: null,
  oracle: join(import.meta.dirname, 'torch_model.py'),
  learning: ['--model', 'external', '--partition', 'own', '--steps', '600', '--rate', '0.3'],
}

export const subjects: Readonly<Record<string, Subject>> = { tables, images, pytorch }
