/** `concord export`: a checkpoint as PyTorch or JAX expects it. */

import { layouts } from '../../files/checkpoint.ts'
import { defineCommand, option, UsageError } from '../command.ts'
import { oneOf } from '../parse.ts'
import { requireOutput } from '../report-output.ts'

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'write a checkpoint with its weights in the order of PyTorch or JAX',
  about:
    'Weights of our models are [in, out] and kernels [k, k, in, out], as in JAX. PyTorch has [out, in] and [out, in, k, k]: with this file, load_state_dict takes it. A checkpoint of an --oracle stays in the order of that oracle. docs/models.md has the modules to load it into.',
  arguments: [
    { name: '<checkpoint>', about: 'what --save wrote' },
    { name: '<file>', about: 'the .safetensors file to write' },
  ],
  options: {
    for: option('--for <framework>', 'pytorch or jax', oneOf(['pytorch', 'jax']), 'pytorch'),
  },
  examples: ['learnt.safetensors for-torch.safetensors', 'learnt.safetensors for-jax.safetensors --for jax'],
  async handler(values, [from, to], terminal) {
    const { readCheckpoint, toLayout, writeCheckpoint } = await import('../../files/checkpoint.ts')
    if (!to!.endsWith('.safetensors'))
      throw new UsageError(`<file> is "${to}"; expected a name that ends in .safetensors`)
    await requireOutput('<file>', to!)
    const checkpoint = await readCheckpoint(from!)
    const isOwn = checkpoint.layout === layouts[2]
    await writeCheckpoint(to!, isOwn ? checkpoint : toLayout(checkpoint, values.for))
    const shapes = checkpoint.tensors.length
    terminal.print(
      `wrote ${to}: ${shapes} tensors, ${isOwn ? 'as the oracle has them' : `for ${values.for}`}`,
    )
    return 0
  },
})
