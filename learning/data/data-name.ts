/**
 * The name of data and what may stand behind it: how missing values are filled, as `ours.csv?missing=mean`, and to what
 * images are brought, as `photos/?size=28x28&channels=1`.
 */
import { DataError } from './dataset.ts'
import type { ImageOptions } from './image-folder.ts'
import { SIDE_MAX } from './image-pixels.ts'
import type { Filling } from './missing.ts'

export interface DataName {
  readonly path: string
  /** Null: missing values are refused. */
  readonly filling: Filling | null
  readonly images: ImageOptions
  /** What stands behind the path, with its question mark; null if nothing does. */
  readonly suffix: string | null
}

/** @throws DataError `DATA_FORMAT` for what nothing means */
export function parseDataName(data: string): DataName {
  const [, path, suffix] = /^(.+)(\?(?:missing|size|channels)=.*)$/s.exec(data) ?? []
  if (path === undefined || suffix === undefined)
    return { path: data, filling: null, images: { size: null, channels: null }, suffix: null }
  let filling: Filling | null = null
  let images: ImageOptions = { size: null, channels: null }
  for (const part of suffix.slice(1).split('&')) {
    const [key, value] = part.split(/=(.*)/s) as [string, string?]
    const refuse = (expected: string) =>
      new DataError('DATA_FORMAT', `${data}: ${key} is "${value ?? ''}"; expected ${expected}`)
    if (key === 'missing') filling = fillingOf(value ?? '', refuse)
    else if (key === 'size') images = { ...images, size: sizeOf(value ?? '', refuse) }
    else if (key === 'channels') images = { ...images, channels: channelsOf(value ?? '', refuse) }
    else
      throw new DataError(
        'DATA_FORMAT',
        `${data}: nothing is called "${key}" there; expected missing, size or channels`,
      )
  }
  return { path, filling, images, suffix }
}

/** What is said where nothing has this name, and it ends in what looks like a suffix; null where it does not. */
export function suffixHint(path: string): string | null {
  const suffix = /\?[^/?]*$/.exec(path)?.[0]
  return suffix === undefined
    ? null
    : `if "${suffix}" is no part of the name, expected ?missing=mean, ?missing=0, ?size=28x28 or ?channels=1`
}

type Refuse = (expected: string) => DataError

function fillingOf(how: string, refuse: Refuse): Filling {
  const value = Number(how)
  if (how === 'mean') return how
  if (how.trim() !== '' && Number.isFinite(Math.fround(value))) return value
  throw refuse('mean or a number, as in ?missing=mean')
}

function sizeOf(text: string, refuse: Refuse): ImageOptions['size'] {
  const size = parseSize(text)
  if (size !== null) return size
  throw refuse(`width and height, at most ${SIDE_MAX} each, as in ?size=28x28`)
}

/** `28x28`, width first; null for what is no size of images. */
export function parseSize(text: string): ImageOptions['size'] {
  const [, width, height] = /^(\d{1,4})x(\d{1,4})$/.exec(text) ?? []
  const size = { width: Number(width), height: Number(height) }
  const isRight = (side: number) => side >= 1 && side <= SIDE_MAX
  return isRight(size.width) && isRight(size.height) ? size : null
}

function channelsOf(text: string, refuse: Refuse): 1 | 3 {
  if (text === '1' || text === '3') return text === '1' ? 1 : 3
  throw refuse('1 (grey) or 3 (colour)')
}

/** Bytes are never missing: a filling would be for another file. */
export function unfilledPath({ path, filling }: DataName): string {
  if (filling === null) return path
  throw new DataError(
    'DATA_FORMAT',
    `${path}?missing=${filling}: no value can be missing in pixels; expected a table or .npy files, or the name without "?missing="`,
  )
}

/** Only images in files of their own are brought to a size. */
export function unsized({ path, images, suffix }: DataName): string {
  if (images.size === null && images.channels === null) return path
  throw new DataError(
    'DATA_FORMAT',
    `${path}${suffix}: only folders of .png and .jpg images are brought to a size; expected the name without ?size= and ?channels=`,
  )
}

/** The path, for data that is neither filled nor brought to a size. @throws DataError where it is to be */
export function unfilled<T>(name: DataName, open: (path: string) => T): T {
  unsized(name)
  return open(unfilledPath(name))
}
