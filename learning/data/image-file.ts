/** One image in a file, PNG by pngjs or JPEG by jpeg-js: its head is read first, and decides whether it is decoded. */
import { DataError } from './dataset.ts'
import { type ImageHeader, imageHeader, PIXELS_MAX } from './image-header.ts'
import type { Picture } from './image-pixels.ts'
import { readBytes } from './read-file.ts'

/** A PNG of the most pixels in 16 bits that nothing compresses. */
const FILE_BYTES_MAX = 8 * PIXELS_MAX
/** jpeg-js keeps a number of 32 bits for each sample, and its own count of what it takes. */
const JPEG_MEGABYTES_MAX = 1024

export interface DecodedImage extends Picture {
  readonly isGrey: boolean
}

/** @throws DataError `DATA_UNREADABLE` naming the file and what would be right */
export async function readImage(file: string): Promise<DecodedImage> {
  const bytes = await readBytes(file, FILE_BYTES_MAX).catch((cause: Error) => {
    throw new DataError('DATA_UNREADABLE', `${file}: cannot be read: ${cause.message}`)
  })
  return decodeImage(bytes, file)
}

/** @throws DataError `DATA_UNREADABLE`; `file` is only named in the message */
export async function decodeImage(bytes: Buffer, file: string): Promise<DecodedImage> {
  try {
    const header = imageHeader(bytes)
    const decoded = header.format === 'png' ? await decodePng(bytes) : await decodeJpeg(bytes, header)
    if (decoded.width !== header.width || decoded.height !== header.height)
      throw new Error('its parts say different sizes')
    return { ...decoded, isGrey: header.isGrey }
  } catch (error) {
    throw new DataError('DATA_UNREADABLE', `${file}: ${shownCause(error as Error)}`)
  }
}

async function decodePng(bytes: Buffer): Promise<Picture> {
  // Only a peer with such files loads the library.
  const { PNG } = await import('pngjs')
  const { width, height, data } = PNG.sync.read(bytes)
  return { width, height, rgba: data }
}

async function decodeJpeg(bytes: Buffer, { isPlainColour }: ImageHeader): Promise<Picture> {
  const { decode } = await import('jpeg-js')
  const { width, height, data } = decode(bytes, {
    useTArray: true,
    // A file that is cut off is refused, not filled with grey.
    tolerantDecoding: false,
    maxResolutionInMP: PIXELS_MAX / 1e6,
    maxMemoryUsageInMB: JPEG_MEGABYTES_MAX,
    ...(isPlainColour && { colorTransform: false }),
  })
  return { width, height, rgba: data }
}

/** Some of pngjs's and jpeg-js's messages are those of the runtime, about a place that is not there. */
function shownCause({ message }: Error): string {
  const why = message.length > 200 ? `${message.slice(0, 200)}…` : message
  if (/read requests/.test(why)) return 'it is cut off; expected a whole PNG or JPEG image'
  return /expected/.test(why) ? why : `${why}; expected a whole PNG or JPEG image`
}
