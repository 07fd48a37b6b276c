/**
 * Tables as hospitals have them, drawn by a seed: thirty columns of different scales, some of them texts, with cells
 * missing, and one outcome that is rare. What leads to the outcome is the same everywhere; whom a hospital treats is not.
 */
import { randomStream } from '../../learning/random.ts'

/** A row, as cells by column. */
export type Row = Readonly<Record<string, string>>

interface Hospital {
  readonly name: string
  readonly rows: number
  /** In which order its table has its columns, and what separates them. */
  readonly rotation: number
  readonly separator: string
  /** What a missing cell looks like here. */
  readonly missing: string
}

export const hospitals: readonly Hospital[] = [
  { name: 'alice', rows: 2000, rotation: 0, separator: ',', missing: '' },
  { name: 'bob', rows: 700, rotation: 11, separator: ';', missing: 'NA' },
  { name: 'carol', rows: 9000, rotation: 23, separator: '\t', missing: '?' },
]

const NUMBERS = 27
const DEVICES = ['Acme', 'Bolt', 'Core'] as const
/** What the devices' values have to be read with. */
const OFFSETS = [0, 2, -2] as const
const WARDS = ['north', 'south', 'east', 'west'] as const
const number = (column: number) => `value_${String(column).padStart(2, '0')}`
const columns = [
  'patient',
  ...Array.from({ length: NUMBERS - 1 }, (_, column) => number(column)),
  'device',
  'ward',
  'outcome',
]
/** One cell in so many is missing. */
const MISSING_ONE_IN = 25
/** The share of the rows whose score is high enough for the rare outcome is about a tenth. */
const THRESHOLD = 3.2

/** Draws a hospital's rows: the same for the same seed. @param place its place among the hospitals */
export function rowsOf({ rows, missing }: Hospital, place: number, seed: number): Row[] {
  const weights = randomStream(seed, 'weights')
  const weight = Array.from({ length: NUMBERS - 1 }, () => weights.normal() / 3)
  const random = randomStream(seed, 'hospital', place)
  const shift = Array.from({ length: NUMBERS - 1 }, () => 0.15 * random.normal())
  return Array.from({ length: rows }, () => {
    const z = shift.map(by => by + random.normal())
    // Each hospital has devices of two makers of three. They show the same patient's values differently.
    const device = (place + random.integer(2)) % 3
    const ward = random.integer(WARDS.length)
    const score =
      z.reduce((sum, value, i) => sum + weight[i]! * value, OFFSETS[device]!) + 0.3 * random.normal()
    const cell = (text: string) => (random.integer(MISSING_ONE_IN) === 0 ? missing : text)
    // From thousandths to hundreds of thousands, far from 0.
    const scaled = (value: number, i: number) => (10 ** ((i % 9) - 3) * (value + (i % 5) * 2)).toPrecision(9)
    return Object.fromEntries([
      ['patient', `P${random.integer(2 ** 31)}-${random.integer(2 ** 31)}`],
      ...z.map((value, i) => [number(i), cell(scaled(value, i))] as const),
      ['device', DEVICES[device]!],
      ['ward', cell(WARDS[ward]!)],
      ['outcome', score > THRESHOLD ? 'relapse' : 'well'],
    ])
  })
}

/** A table's text, with the columns in this hospital's order. */
export function tableText({ rotation, separator }: Hospital, rows: readonly Row[]): string {
  const order = [...columns.slice(rotation), ...columns.slice(0, rotation)]
  return `${[order, ...rows.map(row => order.map(name => row[name]!))].map(cells => cells.join(separator)).join('\n')}\n`
}
