/** Three real peers, each with a folder of images of its own: other counts, sizes and classes; one model. */
import test from 'ava'
import { imageSchema } from '../../../learning/data/image-schema.ts'
import { randomStream } from '../../../learning/random.ts'
import { drawnShape, foldersOf } from '../../learning/data/images.ts'
import { learnFromOwn } from './own-peers.ts'

const schema = imageSchema.parse({
  kind: 'images',
  size: { width: 12, height: 12 },
  channels: 1,
  classes: ['stripe', 'disc', 'cross'],
  scale: { mean: [0.45], deviation: [0.3] },
})

/** Of each class so many, by member; the second has no cross. */
const counts = [
  { stripe: 30, disc: 20, cross: 10 },
  { stripe: 20, disc: 20, cross: 0 },
  { stripe: 10, disc: 30, cross: 40 },
] as const
const sides = [12, 16, 24]

function folderOf(member: number): Record<string, Buffer> {
  const random = randomStream(5, 'shapes', member)
  const files: Record<string, Buffer> = {}
  for (const shape of ['stripe', 'disc', 'cross'] as const)
    for (let i = 0; i < counts[member]![shape]; i++)
      files[`${shape}/${i}.png`] = drawnShape(shape, sides[member]!, random, member === 2 ? 2 : 0)
  return files
}

test('three members learn one model from three different folders, one of which lacks a class', async t => {
  const settings = { steps: 60, rate: 0.05, batch: 16, schema }
  const { endings, heard } = await learnFromOwn(t, settings, async member => ({
    data: await foldersOf(t, folderOf(member)),
    holdout: 0.25,
  }))
  for (const [member, { accuracy, parameters }] of endings.entries()) {
    t.is(parameters.length, 144 * 3 + 3)
    t.true(accuracy! > 0.9, `member ${member}: ${accuracy}`)
    for (const [i, value] of parameters.entries()) t.true(Math.abs(value - endings[0]!.parameters[i]!) < 1e-4)
  }
  for (const [member, events] of heard.entries()) {
    const listening = events.find(event => event.kind === 'listening')
    t.is(listening?.examples, [44, 30, 59][member]!)
    const said = listening!.notes.join('\n')
    const { stripe, disc, cross } = counts[member]!
    t.true(
      said.includes(
        `${stripe + disc + cross} images; classes: stripe ${stripe}, disc ${disc}, cross ${cross}`,
      ),
      said,
    )
    t.is(/no image here has the class cross/.test(said), member === 1)
    t.is(/of another size: the middle of each is brought to 12 × 12/.test(said), member > 0)
    t.is(/in colour: grey is made of each/.test(said), member === 2)
    t.regex(said, /the images stay on this machine: the other members get vectors/)
  }
})
