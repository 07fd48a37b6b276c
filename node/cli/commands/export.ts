/** `concord export`: a checkpoint as PyTorch or JAX expects it, or as a whole model for ONNX. */

import { listText } from '../../../learning/data/targets.ts'
import { layouts } from '../../files/checkpoint.ts'
import { defineCommand, option, UsageError } from '../command.ts'
import { oneOf } from '../parse.ts'
import { requireOutput } from '../report-output.ts'
import type { Terminal } from '../terminal.ts'

export const exportCommand = defineCommand({
  name: 'export',
  summary: 'write a checkpoint for PyTorch, JAX or ONNX',
  about:
    'Weights of our models are [in, out] and kernels [k, k, in, out], as in JAX. PyTorch has [out, in] and [out, in, k, k]: with this file, load_state_dict takes it. A checkpoint of an --oracle stays in the order of that oracle. docs/models.md has the modules to load it into. For ONNX the whole model is written: its inputs are raw rows or images, its outputs named probabilities and the class (docs/using-a-model.md).',
  arguments: [
    { name: '<checkpoint>', about: 'what --save wrote' },
    { name: '<file>', about: 'the file to write: .safetensors, or .onnx' },
  ],
  options: {
    for: option('--for <framework>', 'pytorch, jax or onnx', oneOf(['pytorch', 'jax', 'onnx']), 'pytorch'),
  },
  examples: [
    'learnt.safetensors for-torch.safetensors',
    'learnt.safetensors for-jax.safetensors --for jax',
    'learnt.safetensors model.onnx --for onnx',
  ],
  async handler(values, [from, to], terminal) {
    const ending = values.for === 'onnx' ? '.onnx' : '.safetensors'
    if (!to!.endsWith(ending))
      throw new UsageError(`<file> is "${to}"; expected a name that ends in ${ending}${hint(to!, ending)}`)
    await requireOutput('<file>', to!)
    if (values.for === 'onnx') return exportForOnnx(from!, to!, terminal)
    const { readCheckpoint, toLayout, writeCheckpoint } = await import('../../files/checkpoint.ts')
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

function hint(file: string, ending: string): string {
  return ending === '.safetensors' && file.endsWith('.onnx') ? ', or --for onnx' : ''
}

async function exportForOnnx(from: string, to: string, terminal: Terminal): Promise<number> {
  const [{ readModel }, { onnxModel }, { writeOutput }] = await Promise.all([
    import('../../models/usable-model.ts'),
    import('../../onnx/export.ts'),
    import('../../files/output.ts'),
  ])
  const model = await readModel(from)
  const { bytes, inputs, outputs } = onnxModel(model)
  await writeOutput(to, bytes)
  terminal.print(
    `wrote ${to}: ${model.model.name} with its preprocessing; inputs: ${listText(inputs)}; outputs: ${outputs.join(', ')}`,
  )
  return 0
}
