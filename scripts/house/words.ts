/**
 * English and names: phrases that no native speaker writes, and words that gave way to a better one. One word for one
 * thing, in code, comments and prose alike.
 */
import { type Finding, findingAt, type Rule } from './sources.ts'

/** In comments, messages and prose. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\b[Tt]he own\b/g, 'write whose own it is: "its own", "this peer\'s"'],
  [/\b[Ww]hoever\b/g, 'name who is meant: "a peer that", "the reader"'],
  [/\bworked off\b/g, 'say what is done: "handled", "carried out"'],
]

/** In names and comments of code, and in prose. */
const formerNames: readonly (readonly [RegExp, string])[] = [
  [/\breborn\b/gi, 'restarted'],
  [/\bamnesiac\b/gi, 'memoryLost'],
  [/\bblackboard\b/gi, 'shared view'],
  [/\bsightings?\b/gi, 'adversary view'],
  [/\bafflict(s|ed|ion)?\b/gi, 'inject, fault injection'],
  [/\bbef(all|alls|allen|ell)\b/gi, 'happen to, or: inject'],
  [/\bworkshop\b/gi, 'oracle cache'],
  // A page that readers do not have.
  [/\bprotocols(\.md| §)/g, 'the paper, or a page of docs/'],
]

/** Not read for this yet. To be emptied, not added to. */
const unread: readonly RegExp[] = [
  /^CHANGELOG\.md$/, // history keeps its words
  /^(scripts|test\/scripts)\/.*(words|check-house\.test|mutants\/list)\b/, // they name what is forbidden
]

function find(text: string, patterns: typeof phrases): readonly { index: number; message: string }[] {
  return patterns.flatMap(([pattern, better]) =>
    [...text.matchAll(pattern)].map(({ 0: found, index }) => ({ index, message: `"${found}": ${better}` })),
  )
}

const isRead = (path: string): boolean => !unread.some(pattern => pattern.test(path))

/** Of a source: phrases anywhere, former names outside literals. */
export const plainWords: Rule = source =>
  isRead(source.path)
    ? [...find(source.text, phrases), ...find(source.codeAndComments, formerNames)].map(
        ({ index, message }) => findingAt(source, index, 'words', message),
      )
    : []

/** Of a page, all of it. */
export function proseWords(path: string, text: string): readonly Finding[] {
  if (!isRead(path) || !path.endsWith('.md')) return []
  return find(text, [...phrases, ...formerNames]).map(({ index, message }) => ({
    path,
    line: text.slice(0, index).split('\n').length,
    rule: 'words',
    message,
  }))
}
