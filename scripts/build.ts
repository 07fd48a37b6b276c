/**
 * `npm run build`: compiles what the package ships (agreement, learning, node) into an empty dist/, as
 * JavaScript with declarations, and bundles the applications of its pages. The sources name each other with `.ts`; the compiler writes `.js`.
 */
import { spawnSync } from 'node:child_process'
import { chmodSync, rmSync } from 'node:fs'
import { writeApps } from './page/build-app.ts'

rmSync('dist', { recursive: true, force: true })
const tsc = spawnSync('tsc', ['-p', 'tsconfig.build.json'], {
  stdio: 'inherit',
  shell: process.platform === 'win32',
})
if (tsc.error !== undefined) {
  console.error(`build: cannot start tsc (${tsc.error.message}); run this as "npm run build", after "npm ci"`)
  process.exit(1)
}
if (tsc.status !== 0) process.exit(1)
chmodSync('dist/node/cli/launch.js', 0o755)
await writeApps('dist/node/page')
