/** How AVA runs the tests. Its workers, and the processes that tests start, keep compiled modules: a third of their time. */
import { join } from 'node:path'

process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, 'node_modules', '.cache', 'compiled')

export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  timeout: '2m',
}
