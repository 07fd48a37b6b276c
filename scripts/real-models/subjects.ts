/** The models that are learnt: their programs, their data, and the settings that suit them. */
import { glob, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../python/programs.ts'

/** As on the command line. */
interface Wanted {
  /** The folder of Fashion-MNIST's four IDX files. */
  readonly data: string
  /** The text to learn; null: texts of this repository. */
  readonly text: string | null
  /** Of the transformer: tiny, small or large. */
  readonly size: string
  /** Of the ResNet's first layers: 64, or less to try things out. */
  readonly width: string
}

interface Learning {
  /** Steps that take no more than 20 minutes on two cores. */
  readonly steps: number
  readonly batch: number
  readonly rate: number
  readonly clip: number | null
  readonly momentum: number
}

/** A program with its words and its data, and how it learns. */
export interface Job {
  readonly program: string
  readonly words: readonly string[]
  readonly data: string
  readonly learning: Learning
}

export interface Subject {
  readonly title: (wanted: Wanted) => string
  /** @param folder where to write what it needs */
  job(wanted: Wanted, folder: string): Promise<Job>
  /** What one process learns first, into `base.safetensors` of that folder; null: nothing. */
  readonly base: ((wanted: Wanted, folder: string) => Promise<Job>) | null
}

const texts: Learning = { steps: 100, batch: 16, rate: 1, clip: 1, momentum: 0.9 }
const example = (name: string) => join(root, 'python/examples', name)

/** Texts of this repository one after another, in the order of their paths. */
async function writeTexts(path: string, patterns: readonly string[]): Promise<string> {
  const files: string[] = []
  for await (const file of glob([...patterns], { cwd: root })) files.push(file)
  const parts = await Promise.all(files.toSorted().map(file => readFile(join(root, file), 'utf8')))
  await writeFile(path, parts.join('\n'))
  return path
}

const pages = (folder: string) => writeTexts(join(folder, 'pages.txt'), ['*.md', 'docs/**/*.md'])
const sources = (folder: string) =>
  writeTexts(join(folder, 'sources.txt'), ['agreement/**/*.ts', 'learning/**/*.ts'])

async function transformer({ size, text }: Wanted, folder: string): Promise<Job> {
  return {
    program: example('torch_transformer.py'),
    words: ['--size', size],
    data: text ?? (await pages(folder)),
    learning: texts,
  }
}

export const subjects: Readonly<Record<string, Subject>> = {
  resnet: {
    title: ({ width }) => `ResNet-18 with group normalisation, ${width} channels, on Fashion-MNIST`,
    job: async ({ data, width }) => ({
      program: example('torch_resnet.py'),
      words: ['--width', width],
      data,
      learning: { steps: 80, batch: 16, rate: 0.05, clip: null, momentum: 0.9 },
    }),
    base: null,
  },
  transformer: {
    title: ({ size, text }) => `A ${size} transformer on ${text ?? 'the pages of this repository'}`,
    job: transformer,
    base: null,
  },
  lora: {
    title: ({ size, text }) =>
      `LoRA on a ${size} transformer of this repository's pages, on ${text ?? 'its sources'}`,
    job: async ({ size, text }, folder) => ({
      program: example('torch_lora.py'),
      words: ['--size', size, '--base', join(folder, 'base.safetensors')],
      data: text ?? (await sources(folder)),
      learning: texts,
    }),
    base: (wanted, folder) => transformer({ ...wanted, text: null }, folder),
  },
}
