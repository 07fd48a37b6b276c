/**
 * What mDNS says about the addresses of one peer. Anyone on the network may claim anything, so each responder (the
 * source of its packets) has a share of its own, and what one claims evicts nothing that another has claimed.
 *
 * Best is an address at the responder's own host: a liar cannot claim another host's without its packets coming from
 * there. Such an address keeps its place until it has been tried once, and its responder keeps its own until then.
 */
import { ADDRESSES_FOUND_MAX, RESPONDERS_MAX } from './constants.ts'
import { endpointOf } from './endpoint.ts'

interface Claims {
  /** A responder claims these addresses. True if one of them is news. */
  add(source: string, addresses: readonly string[]): boolean
  /** All addresses, one from each responder in turn; those at the responders' own hosts come first. */
  all(): readonly string[]
  /** The addresses at responders' own hosts that were never tried, one from each responder in turn. */
  untried(): readonly string[]
  tried(addresses: readonly string[]): void
}

/** One source, and what it claims. */
interface Responder {
  /** Addresses at its own host, and whether each has been tried. */
  readonly own: Map<string, boolean>
  /** Other addresses, the newest first. */
  others: readonly string[]
}

export function createClaims(): Claims {
  /** The one that was heard last comes last. */
  const responders = new Map<string, Responder>()
  const all = () => {
    const lists = [...responders.values()].map(({ own, others }) =>
      [...own.keys(), ...others].slice(0, ADDRESSES_FOUND_MAX),
    )
    const hasOwn = [...responders.values()].map(({ own }) => own.size > 0)
    return inTurn([...lists.filter((_, i) => hasOwn[i]), ...lists.filter((_, i) => !hasOwn[i])])
  }
  return {
    add(source, addresses) {
      const own = addresses.filter(address => isAt(address, source))
      const responder = responders.get(source) ?? { own: new Map(), others: [] }
      if (!responders.has(source) && !makeRoom(responders, own.length > 0)) return false
      responders.delete(source)
      responders.set(source, responder)
      const before = new Set([...responder.own.keys(), ...responder.others])
      for (const address of own) keepOwn(responder.own, address)
      const others = addresses.filter(address => !own.includes(address))
      responder.others = [...new Set([...others, ...responder.others])].slice(0, ADDRESSES_FOUND_MAX)
      return [...responder.own.keys(), ...responder.others].some(address => !before.has(address))
    },
    all,
    untried: () =>
      inTurn([...responders.values()].map(({ own }) => [...own.keys()].filter(each => !own.get(each)))),
    tried(addresses) {
      for (const { own } of responders.values())
        for (const address of addresses) if (own.has(address)) own.set(address, true)
    },
  }
}

function keepOwn(own: Map<string, boolean>, address: string): void {
  if (own.has(address)) return
  if (own.size >= ADDRESSES_FOUND_MAX) {
    const tried = [...own.keys()].find(each => own.get(each))
    if (tried === undefined) return
    own.delete(tried)
  }
  own.set(address, false)
}

/**
 * For one more responder; false if it may replace none. The ones that were heard the longest ago go first: those that
 * claim nothing at their own host, then, for one that does, those whose addresses have all been tried.
 */
function makeRoom(responders: Map<string, Responder>, hasOwn: boolean): boolean {
  if (responders.size < RESPONDERS_MAX) return true
  const all = [...responders]
  const [source] =
    all.find(([, { own }]) => own.size === 0) ??
    (hasOwn ? all.find(([, { own }]) => [...own.values()].every(Boolean)) : undefined) ??
    []
  return source !== undefined && responders.delete(source)
}

function isAt(address: string, source: string): boolean {
  return endpointOf(address)?.host.toLowerCase() === source.toLowerCase()
}

/** The first of each list, then the second of each, and so on, each address once. */
function inTurn(lists: readonly (readonly string[])[]): readonly string[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length))
  const turns = Array.from({ length: longest }, (_, i) => lists.flatMap(list => list.slice(i, i + 1)))
  return [...new Set(turns.flat())]
}
