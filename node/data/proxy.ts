/** Proxies that the environment names, as HTTPS_PROXY does: `fetch` of Node takes no notice of them by itself. */
import * as http from 'node:http'

type Environment = Readonly<Record<string, string | undefined>>

const NAMES = ['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy']

interface Proxies {
  /** Why they are not used, though some are named. */
  readonly note: string | null
  /** As it was before. */
  restore(): void
}

/** From here on requests of this process go through the proxies that are named, but for the hosts of NO_PROXY. */
export function useProxies(environment: Environment): Proxies {
  const name = NAMES.find(each => (environment[each] ?? '') !== '')
  if (name === undefined) return { note: null, restore() {} }
  // Since Node 24.14; the package runs on older ones, too.
  if (typeof (http as Partial<typeof http>).setGlobalProxyFromEnv !== 'function')
    return {
      note: `${name} is set, but Node ${process.versions.node} does not go through it; Node 24.14 or newer does`,
      restore() {},
    }
  return { note: null, restore: http.setGlobalProxyFromEnv({ ...environment }) }
}
