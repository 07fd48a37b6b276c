/** YAML that people write: cohort files and schemas. */
import { type Document, isNode, isScalar, LineCounter, parseDocument, visit } from 'yaml'
import { valueText } from './errors.ts'

/**
 * @param source where the text comes from, for messages
 * @param refusal makes the error that is thrown
 */
export function parseYaml(text: string, source: string, refusal: (message: string) => Error): unknown {
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
  return document.toJS()
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
