/**
 * What one iteration has gathered: the digests that its authors have signed, and the vectors behind them. An author
 * counts as received once the vector behind its digest is held, from any peer.
 */
import type { Commitment, Digest, PeerIndex } from '../message.ts'
import type { Vector } from '../vector.ts'

export interface Gathering {
  /** By author: the first digest that it signed, kept to recognise a second one. */
  readonly signed: Map<PeerIndex, Commitment>
  /** The authors of each digest that counts: not of a vector that came and could not be used. */
  readonly authors: Map<Digest, PeerIndex[]>
  readonly vectors: Map<Digest, Vector>
  /** Who was asked for the vector behind a digest. */
  readonly asked: Map<Digest, Set<PeerIndex>>
  /** The digests for which somebody was asked a moment ago. */
  readonly awaited: Set<Digest>
  /** The number of authors with a digest that counts. */
  known: number
  /** The number of authors whose vectors are held. */
  held: number
  /** The iteration is over: vectors are no longer kept. */
  closed: boolean
}

export function newGathering(): Gathering {
  return {
    signed: new Map(),
    authors: new Map(),
    vectors: new Map(),
    asked: new Map(),
    awaited: new Set(),
    known: 0,
    held: 0,
    closed: false,
  }
}

/** An author's digest counts. It comes once for each author. */
export function count(gathering: Gathering, author: PeerIndex, digest: Digest): void {
  const { authors, vectors } = gathering
  const others = authors.get(digest)
  if (others === undefined) authors.set(digest, [author])
  else others.push(author)
  gathering.known++
  if (vectors.has(digest)) gathering.held++
}

/** The vector behind a digest is here. */
export function hold(gathering: Gathering, digest: Digest, vector: Vector): void {
  if (gathering.closed || gathering.vectors.has(digest)) return
  gathering.vectors.set(digest, vector)
  gathering.held += authorsOf(gathering, digest).length
}

export function authorsOf({ authors }: Gathering, digest: Digest): readonly PeerIndex[] {
  return authors.get(digest) ?? []
}

/** The vectors that are held, by author, ascending. */
export function heldVectors({ authors, vectors }: Gathering): (readonly [PeerIndex, Vector])[] {
  const held: (readonly [PeerIndex, Vector])[] = []
  for (const [digest, vector] of vectors)
    for (const author of authors.get(digest) ?? []) held.push([author, vector])
  return held.sort(([a], [b]) => a - b)
}

/** The iteration is over: its vectors are no longer needed. */
export function close(gathering: Gathering): void {
  gathering.closed = true
  gathering.vectors.clear()
  gathering.held = 0
}

/**
 * The next author to ask for a vector that is lacking, and the digest of it; null if nobody is left, or those who were
 * asked a moment ago may still answer. Each incarnation of an author is asked once, as the link delivers the question to
 * it for certain.
 * @param self where to begin, so that the authors share the work
 * @param atOnce how many authors of a digest are asked without waiting for the first ones to answer
 */
export function nextToAsk(
  gathering: Gathering,
  self: PeerIndex,
  atOnce: number,
): { readonly author: PeerIndex; readonly digest: Digest } | null {
  const { authors, vectors, asked, awaited } = gathering
  for (const [digest, signers] of authors) {
    if (vectors.has(digest)) continue
    const before = asked.get(digest)
    if (awaited.has(digest) && before !== undefined && before.size >= atOnce) continue
    const rest = before === undefined ? signers : signers.filter(author => !before.has(author))
    if (rest.length === 0) continue
    return { digest, author: rest.find(author => author > self) ?? rest[0]! }
  }
  return null
}

/** What this author was asked for will not come. False: it was asked for nothing. */
export function forgetAsked({ asked, awaited }: Gathering, author: PeerIndex): boolean {
  let hasForgotten = false
  for (const [digest, authors] of asked)
    if (authors.delete(author)) {
      awaited.delete(digest)
      hasForgotten = true
    }
  return hasForgotten
}

/** An author was asked. */
export function note({ asked }: Gathering, author: PeerIndex, digest: Digest): void {
  const before = asked.get(digest)
  if (before === undefined) asked.set(digest, new Set([author]))
  else before.add(author)
}
