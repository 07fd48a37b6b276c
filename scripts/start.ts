/**
 * `npm start [-- arguments of demo]`: runs the command line from a bundle (`bundle.ts`), and its peers too. Where there
 * is none, and with `DEBUG` for the sake of its stack traces, it runs the sources as they are: the same program, which
 * takes longer to start.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { goToCaller } from '../node/cli/callers-folder.ts'
import { bundled } from './bundle.ts'

const checkout = join(import.meta.dirname, '..')
goToCaller(checkout)
const sources = join(checkout, 'node/cli/main.ts')
const main = process.env.DEBUG ? sources : await bundled(checkout).catch(() => sources)
await import(pathToFileURL(main).href)
