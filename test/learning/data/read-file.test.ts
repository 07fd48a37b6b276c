/** Reading what somebody else has put there: pipes, devices, folders and what is too large are refused before anything. */

import { execFile, execFileSync } from 'node:child_process'
import { mkdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import {
  chunksOf,
  DATA_BYTES_MAX,
  openForReading,
  ReadError,
  readBytes,
  readInput,
  readText,
  readWithin,
} from '../../../learning/data/read-file.ts'
import { directoryOf } from './support.ts'

const module = new URL('../../../learning/data/read-file.ts', import.meta.url).href

test('a file is read as it is, through a link too, and an empty one is empty', async t => {
  const folder = await directoryOf(t, { file: 'héllo', empty: '' })
  await symlink('file', join(folder, 'link'))
  t.is(await readText(join(folder, 'link'), 6), 'héllo')
  t.is((await readBytes(join(folder, 'empty'), 0)).length, 0)
  await t.throwsAsync(readText(join(folder, 'none'), 6), { code: 'ENOENT' })
})

test('a pipe, a device and a folder are told, and nothing waits for them', async t => {
  const folder = await directoryOf(t, {})
  execFileSync('mkfifo', [join(folder, 'pipe')])
  await mkdir(join(folder, 'folder'))
  await symlink('/dev/zero', join(folder, 'endless'))
  for (const [name, says] of Object.entries({
    pipe: /^it is a named pipe; expected a file$/,
    folder: /a folder|EISDIR/,
    endless: /^it is a device; expected a file$/,
  }))
    for (const read of [(path: string) => readBytes(path), openForReading])
      await t.throwsAsync(read(join(folder, name)), { instanceOf: ReadError, message: says })
})

test('what is larger than its limit is told with its size, before room is made for it', async t => {
  const folder = await directoryOf(t, { file: '' })
  const path = join(folder, 'file')
  await truncate(path, 2 ** 40)
  await t.throwsAsync(readBytes(path), {
    instanceOf: ReadError,
    code: 'READ_TOO_LARGE',
    message: `it holds ${2 ** 40} bytes; expected at most ${DATA_BYTES_MAX}`,
  })
  await writeFile(path, 'four')
  t.is(await readText(path, 4), 'four')
  await t.throwsAsync(readText(path, 3), { code: 'READ_TOO_LARGE' })
})

test('a look at the beginning comes before the rest, and its refusal is the answer', async t => {
  const path = join(await directoryOf(t, { file: 'beginning and end' }), 'file')
  const seen: [string, number][] = []
  const check = (head: Uint8Array, size: number) => void seen.push([Buffer.from(head).toString(), size])
  t.is((await readBytes(path, 100, { headBytes: 9, check })).toString(), 'beginning and end')
  await readBytes(path, 100, { headBytes: 900, check })
  t.deepEqual(seen, [
    ['beginning', 17],
    ['beginning and end', 17],
  ])
  const refusal = new Error('no')
  const refuse = () => {
    throw refusal
  }
  t.is(await t.throwsAsync(readBytes(path, 100, { headBytes: 1, check: refuse })), refusal)
})

test('pieces of a stream are kept as they were, up to the limit', async t => {
  const path = join(await directoryOf(t, { file: Buffer.from([...Array(200_000).keys()]) }), 'file')
  const file = await openForReading(path)
  t.deepEqual(await readWithin(chunksOf(file), 200_000), await readBytes(path))
  await file.close()
  const { bytes, status } = await readInput(path, 200_000)
  t.is(bytes.length, status.size)
  const endless = async function* () {
    for (;;) yield new Uint8Array(1000)
  }
  await t.throwsAsync(readWithin(endless(), 5000), {
    code: 'READ_TOO_LARGE',
    message: 'it gives more than 5000 bytes; expected at most 5000',
  })
})

test('what a shell hands over in a pipe is read, within the limit too', async t => {
  const code = `import { readText } from '${module}'
    console.log(await readText(process.argv[1], 6).catch(error => error.code))`
  const run = (shell: string) =>
    promisify(execFile)('bash', ['-c', shell, process.execPath, code]).then(({ stdout }) => stdout.trim())
  const node = '"$0" --input-type=module -e "$1"'
  t.is(await run(`${node} <(printf hello)`), 'hello')
  t.is(await run(`printf hello | ${node} /dev/stdin`), 'hello')
  t.is(await run(`${node} <(printf 'hello world')`), 'READ_TOO_LARGE')
  t.is(await run(`${node} /dev/fd/0 < /dev/zero`), 'READ_TOO_LARGE')
})
