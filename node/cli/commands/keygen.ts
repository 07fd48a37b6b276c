/** `concord keygen`: makes a peer's identity file and prints the peer's id. */
import { defineCommand, flag, maybe, UsageError } from '../command.ts'
import { text } from '../parse.ts'

export const keygen = defineCommand({
  name: 'keygen',
  summary: 'make an identity file for a peer and print its peer id',
  about:
    'The file holds the private key, readable by you alone (mode 0600). The id goes into the cohort file.',
  arguments: [{ name: '[file]', about: 'where to write it (default: identity.pem)' }],
  options: {
    out: maybe('-o, --out <file>', 'the same as the argument', text),
    json: flag('--json', 'print { id, file } as JSON'),
  },
  examples: ['alice.pem'],
  async handler({ out, json }, [named], terminal) {
    if (named !== undefined && out !== null && named !== out)
      throw new UsageError(`file is named twice, "${named}" and --out "${out}"; name it once`)
    const file = named ?? out ?? 'identity.pem'
    const { createIdentity, writeIdentity } = await import('../../cohort/identity.ts')
    const identity = createIdentity()
    await writeIdentity(file, identity)
    if (json) terminal.json({ id: identity.id, file }, 0)
    else {
      // The id alone on standard output, so that a script can take it.
      terminal.data(`${identity.id}\n`)
      terminal.warn(`wrote ${file}`)
    }
    return 0
  },
})
