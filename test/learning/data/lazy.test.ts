/** The libraries of a format are loaded by a peer that has such a file, and by no other. */
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import test from 'ava'
import { foldersOf, jpegOf, pngOf, quarters } from './images.ts'
import { parquetOf } from './parquet-writer.ts'

const LIBRARIES = ['hyparquet', 'jpeg-js', 'pngjs'] as const

/** Which of the libraries a process has loaded once it has opened the data. */
async function loadedBy(data: string): Promise<readonly string[]> {
  const url = new URL('../../../learning/data/open.ts', import.meta.url)
  const code = `
    import { registerHooks } from 'node:module'
    const loaded = new Set()
    registerHooks({ load(url, context, next) { loaded.add(url); return next(url, context) } })
    const { openData } = await import(${JSON.stringify(url.href)})
    await openData(process.argv[1])
    console.log(JSON.stringify([...loaded]))`
  const { NODE_OPTIONS: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', code, data], {
    env,
  })
  const urls = JSON.parse(stdout) as string[]
  return LIBRARIES.filter(name => urls.some(each => each.includes(`/node_modules/${name}/`)))
}

test('digits and CSV load no library of other formats; each of these loads its own', async t => {
  const cells = [0, 1, 0, 1, 0, 1]
  const image = quarters(4, 4, [
    [1, 2, 3],
    [4, 5, 6],
    [7, 8, 9],
    [9, 9, 9],
  ])
  const png = pngOf(4, 4, image)
  const jpeg = jpegOf(4, 4, image)
  const folder = await foldersOf(t, {
    'a.csv': '1,0\n2,1\n3,0\n4,1\n5,0\n',
    'a.parquet': parquetOf([
      { name: 'a', type: 'INT32', cells },
      { name: 'label', type: 'INT32', cells },
    ]),
    'png/a/1.png': png,
    'png/a/2.png': png,
    'png/b/1.png': png,
    'jpeg/a/1.jpg': jpeg,
    'jpeg/a/2.jpg': jpeg,
    'jpeg/b/1.jpg': jpeg,
  })
  const at = (name: string) => loadedBy(join(folder, name))
  t.deepEqual(await loadedBy('digits'), [])
  t.deepEqual(await at('a.csv'), [])
  t.deepEqual(await at('a.parquet'), ['hyparquet'])
  t.deepEqual(await at('png'), ['pngjs'])
  t.deepEqual(await at('jpeg'), ['jpeg-js'])
})
