/**
 * The schema of images: what the members of a cohort agree on, so that each can learn from a folder of its own. It names
 * the size and channels to which every image is brought, and the classes, which are the names of the folders.
 */
import { z } from 'zod'
import { isLitter } from './class-folders.ts'
import type { DataShape } from './dataset.ts'
import { SIDE_MAX } from './image-pixels.ts'
import { CLASSES_MAX } from './targets.ts'

/** A longer name is no folder's on most systems. */
const CLASS_NAME_MAX = 255
/** Of pixels in [0, 1]: less is one colour, and would make large numbers of nothing. */
export const DEVIATION_MIN = 0.001

const side = z.int().min(1).max(SIDE_MAX)
const className = z
  .string()
  .min(1)
  .max(CLASS_NAME_MAX)
  .refine(
    name => !isLitter(name) && !/[/\\\0]/.test(name),
    'a name that a folder can have, without slashes and a dot in front',
  )

const size = z.strictObject({ width: side, height: side })
/** `(pixel − mean) / deviation`, of pixels in [0, 1], by channel. */
const scale = z.strictObject({
  mean: z.array(z.number().min(0).max(1)).min(1).max(3).readonly(),
  deviation: z.array(z.number().min(DEVIATION_MIN).max(1)).min(1).max(3).readonly(),
})
const fields = z.strictObject({
  kind: z.literal('images'),
  /** In pixels. */
  size: size.readonly(),
  /** 1: grey; 3: red, green and blue. */
  channels: z.literal([1, 3]),
  /** The folders' names, in the order of the model's outputs. */
  classes: z.array(className).min(2).max(CLASSES_MAX).readonly(),
  /** "agreed": the members agree on it before they learn. Absent: MNIST's mean and deviation for grey images, CIFAR-10's for those in colour. */
  scale: z.union([scale.readonly(), z.literal('agreed')]).optional(),
})

/** A schema's fields, with their ranges. */
export const imageSchema = fields
  .superRefine(({ channels, classes, scale }, { addIssue }) => {
    const wrong = (path: PropertyKey[], input: unknown, message: string) =>
      addIssue({ code: 'custom', path, input, message })
    const seen = new Set<string>()
    for (const [index, name] of classes.entries()) {
      if (seen.has(folderName(name))) wrong(['classes', index], name, 'a class of its own')
      seen.add(folderName(name))
    }
    for (const [field, values] of Object.entries(typeof scale === 'object' ? scale : {}))
      if (values.length !== channels)
        wrong(['scale', field], values, `${channels === 1 ? '1 number' : '3 numbers'}, one for each channel`)
  })
  .readonly()

/** What the members agree on about their images. */
export type ImageSchema = z.infer<typeof imageSchema>

/** One name for one folder: some systems write "ü" as two characters, others as one. */
export function folderName(name: string): string {
  return name.normalize('NFC')
}

/** What models are given, whichever folder it comes from. */
export function shapeOfImages({ size: { width, height }, channels, classes }: ImageSchema): DataShape {
  return {
    shape: channels === 1 ? [height, width] : [height, width, 3],
    classes: classes.length,
    classNames: classes,
  }
}

/** The names of the fields at a place of a schema, for messages. */
export function imageFieldsAt([first]: readonly PropertyKey[]): readonly string[] {
  return Object.keys((first === 'size' ? size : first === 'scale' ? scale : fields).shape)
}
