/**
 * A module of the user's: a rule, an attack, a protocol. One loader for all of them, in any thread, from TypeScript or
 * JavaScript, also in a folder of CommonJS. A module is known by the digest of its text and of the files beside it that
 * it imports. It runs with all the rights of this process: it is the user's own program.
 */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type LoadHookContext, type ResolveHookContext, registerHooks } from 'node:module'
import { basename, extname, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CodedError } from '../../agreement/error.ts'
import { readBytes } from '../../learning/data/read-file.ts'

/** What can be wrong with a file of the user's. */
export type OwnFileErrorCode =
  /** It cannot be loaded: it is not there, or not TypeScript, or throws. */
  | 'OWN_FILE'
  /** It exports no such thing, or one with a wrong or an unknown field. */
  | 'OWN_EXPORT'
  /** A function of it throws. */
  | 'OWN_THROWS'
  /** A function of it does not give what it should. */
  | 'OWN_RESULT'
  /** A function of it does not come back. */
  | 'OWN_TIME'

/** A file of the user's cannot be used: the message names the file, what is wrong and what would be right. */
export class OwnFileError extends CodedError<OwnFileErrorCode> {
  override readonly name = 'OwnFileError'
}

/** A loaded module. */
export interface OwnModule {
  /** `mine.ts@3fa9c2d1b0e4`: the file's name, and the first digits of the digest. */
  readonly label: string
  /** SHA-256 over the file and all files outside of packages that it imports, in hexadecimal. */
  readonly digest: string
  readonly exports: Readonly<Record<string, unknown>>
}

/** With these endings a name is that of a file. */
export const moduleEndings: readonly string[] = ['.ts', '.mts', '.js', '.mjs']

/** Whether a reference names a file rather than one of ours. */
export function isModuleFile(reference: string): boolean {
  return moduleEndings.includes(extname(reference))
}

/** A module is a page of text; a larger file is something else. */
const MODULE_BYTES_MAX = 2 ** 24
const LABEL_DIGITS = 12

/**
 * Loads a module, anew each time. It may import packages, its own files, and `concord`, which is this program.
 * @throws OwnFileError OWN_FILE
 */
export async function loadModule(reference: string): Promise<OwnModule> {
  if (!isModuleFile(reference))
    throw new OwnFileError('OWN_FILE', `${reference}: expected a file ending in ${moduleEndings.join(', ')}`)
  const tag = String(++loads)
  const sources = new Map<string, string>()
  loading.set(tag, sources)
  try {
    // The loader would wait at a named pipe for ever.
    await readBytes(reference, MODULE_BYTES_MAX)
    installHooks()
    const exports = await import(`${pathToFileURL(resolve(reference)).href}?${TAG}=${tag}`)
    const digest = digestOf(sources)
    return { label: moduleLabel(basename(reference), digest), digest, exports }
  } catch (error) {
    throw new OwnFileError('OWN_FILE', `${reference}: ${whatHappened(error)}`, { cause: error })
  } finally {
    loading.delete(tag)
  }
}

/**
 * The digest that names what a file of the user's does: of its text, and of the files outside of packages that it
 * imports. It loads the file.
 * @throws OwnFileError OWN_FILE
 */
export async function digestOfModule(reference: string): Promise<string> {
  return (await loadModule(reference)).digest
}

/** In the order of their contents, so that it does not depend on where the files lie. */
function digestOf(sources: ReadonlyMap<string, string>): string {
  const hash = createHash('sha256')
  const [first, ...others] = sources.values()
  for (const digest of [first ?? '', ...others.sort()]) hash.update(digest)
  return hash.digest('hex')
}

/** What was thrown, and in which line, for people. Whatever it is: this throws nothing. */
export function whatHappened(error: unknown): string {
  try {
    return error instanceof Error ? whatErred(error) : `it throws ${String(error)}`
  } catch {
    return 'it throws a value that cannot be shown'
  }
}

function whatErred(error: Error): string {
  if ('code' in error && error.code === 'ENOENT') return 'there is no such file'
  const line = new RegExp(`([^/\\\\\\s(]+)\\?${TAG}=\\d+:(\\d+)`).exec(error.stack ?? '')
  const [message] = error.message.replaceAll(new RegExp(`\\?${TAG}=\\d+`, 'g'), '').split('\n')
  const kind = error.name === 'Error' ? '' : `${error.name}: `
  return `${line === null ? '' : `${line[1]}, line ${line[2]}: `}${kind}${message}`
}

/** A value of a wrong kind, for people. */
export function kindOf(value: unknown): string {
  if (value instanceof Promise) return 'a promise'
  if (value === null || value === undefined) return String(value)
  return typeof value === 'object'
    ? `an object (${value.constructor?.name ?? 'of no class'})`
    : `a ${typeof value}`
}

/** Marks the addresses of a user's files: each load has its own, and so its own modules. */
const TAG = 'concord'
let loads = 0
let isHooked = false
/** By load under way: the digest of each file's text, in the order of loading. */
const loading = new Map<string, Map<string, string>>()

/** The loader's hooks are this thread's, and change nothing for files of others. */
function installHooks(): void {
  if (isHooked) return
  isHooked = true
  registerHooks({
    resolve(specifier, context, next) {
      const tag = tagOf(context.parentURL)
      if (tag === null) return next(specifier, context)
      return resolveFor(tag, specifier, context, next)
    },
    load(url, context, next) {
      const tag = tagOf(url)
      if (tag === null) return next(url, context)
      const source = readFileSync(fileURLToPath(url), 'utf8')
      loading.get(tag)?.set(url, createHash('sha256').update(source).digest('hex'))
      return next(url, { ...context, format: formatOf(url, context, source) })
    },
  })
}

function tagOf(url: string | undefined): string | null {
  return /^file:.*[?&]concord=(\d+)$/.exec(url ?? '')?.[1] ?? null
}

function resolveFor(
  tag: string,
  specifier: string,
  context: ResolveHookContext,
  next: (specifier: string, context: ResolveHookContext) => { url: string },
) {
  const ours = entryPoints[specifier]
  if (ours !== undefined) return next(ours, { ...context, parentURL: import.meta.url })
  const found = next(specifier, context)
  const isTheirs = found.url.startsWith('file:') && !found.url.includes('/node_modules/')
  return isTheirs ? { ...found, url: `${found.url}?${TAG}=${tag}` } : found
}

/** What `concord` is for a user's file: this program itself, wherever the file lies. */
const ending = extname(import.meta.url)
const entryPoints: Readonly<Record<string, string>> = {
  concord: `../index${ending}`,
  'concord/node': `../index${ending}`,
  'concord/agreement': `../../agreement/index${ending}`,
  'concord/learning': `../../learning/index${ending}`,
}

/** A file that imports or exports is a module, whatever the nearest package.json says. */
function formatOf(url: string, { format }: LoadHookContext, source: string): string | null | undefined {
  const isModule = /^\s*(?:import\b(?!\s*\()|export\b)/m.test(source)
  const kind = extname(fileURLToPath(url))
  if (!isModule || (kind !== '.ts' && kind !== '.js')) return format
  return kind === '.ts' ? 'module-typescript' : 'module'
}

/** `mine.ts@3f2a9c110d5e`: a file's name as reports have it. */
export function moduleLabel(name: string, digest: string): string {
  return `${name}@${digest.slice(0, LABEL_DIGITS)}`
}
