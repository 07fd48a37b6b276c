/** YAML that people write: cohort files and schemas. */
import { type Document, isMap, isNode, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml'
import { valueText } from './errors.ts'

/**
 * @param source where the text comes from, for messages
 * @param refusal makes the error that is thrown
 */
export function parseYaml(text: string, source: string, refusal: (message: string) => Error): unknown {
  return readYaml(text, source, refusal).value
}

/** A file's content, and where in it things stand. */
interface YamlText {
  readonly value: unknown
  /** The line of what is at this path, as far as the path exists; null: of nothing. */
  lineOf(path: readonly (string | number)[]): number | null
}

/** As `parseYaml`, for messages that name lines. */
export function readYaml(text: string, source: string, refusal: (message: string) => Error): YamlText {
  const lineCounter = new LineCounter()
  // The parser compares every name with every other, which takes for ever if a file consists of names.
  const document = parseDocument(text, { lineCounter, prettyErrors: false, uniqueKeys: false })
  const error = document.errors[0]
  if (error !== undefined) {
    const { line, col } = lineCounter.linePos(error.pos[0])
    throw refusal(`${source}, line ${line}, column ${col}: not YAML: ${error.message}`)
  }
  checkNodes(document, (offset, why) => {
    const { line, col } = lineCounter.linePos(offset)
    throw refusal(`${source}, line ${line}, column ${col}: ${why}`)
  })
  return {
    value: document.toJS(),
    lineOf(path) {
      const offset = offsetOf(document, path)
      return offset === null ? null : lineCounter.linePos(offset).line
    },
  }
}

/** Of the name in front of a value, as the value itself may begin in the next line. */
function offsetOf(document: Document, path: readonly (string | number)[]): number | null {
  let node: unknown = document.contents
  let offset: number | null = null
  for (const step of path) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
      if (pair === undefined) break
      if (isNode(pair.key)) offset = pair.key.range?.[0] ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(step)]
      if (isNode(node)) offset = node.range?.[0] ?? offset
    } else break
  }
  return offset
}

/**
 * Refuses everything in YAML that these files do not need. The rest is as large as its text, and has only one
 * meaning.
 */
function checkNodes(document: Document, refuse: (offset: number, why: string) => never): void {
  visit(document, {
    // An alias may name nothing, or something that it is itself a part of.
    Alias(_, { source: name, range }) {
      refuse(range?.[0] ?? 0, `*${name} is an alias; expected the value itself`)
    },
    Map(_, { items }) {
      const names = new Set<string>()
      for (const { key } of items) {
        if (!isNode(key)) continue
        const offset = key.range?.[0] ?? 0
        if (!isScalar(key)) refuse(offset, 'a list or a mapping before a colon; expected the name of a field')
        const name = String(key.value)
        if (names.has(name)) refuse(offset, `not YAML: the name ${valueText(name)} is not unique`)
        names.add(name)
      }
    },
  })
}
