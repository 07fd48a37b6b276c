/**
 * A local network in namespaces: one for the switch (a bridge), one for each host, each link with its bandwidth and
 * its loss. Nothing of it touches this machine's own interfaces, so no multicast leaves it, and all of it goes away.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { join } from 'node:path'

interface LinkQuality {
  readonly megabitsPerSecond: number
  /** One packet in so many is dropped at random on its way in. */
  readonly dropOneIn: number
  /** One way, by a relay between the host and the switch; 0: none. */
  readonly delayMs: number
}

/**
 * What a host's own network looks like, besides the cable `eth0`:
 * - `vpn`: another interface owns the default route, as a VPN's does, and goes nowhere;
 * - `isolated`: there is no default route, as in a lab with nothing but a switch;
 * - `self-assigned`: as `isolated`, with an address of 169.254.0.0/16, since no DHCP server answered;
 * - `ipv6`: no IPv4 but for loopback, and of IPv6 only what an interface gives itself.
 *
 * Only the last one has IPv6 on its cable, so that it helps none of the others. Nowhere is there a route for multicast.
 */
export type HostKind = 'vpn' | 'isolated' | 'self-assigned' | 'ipv6'

interface HostOptions extends LinkQuality {
  readonly kind: HostKind
}

export interface Host {
  readonly name: string
  /** Of `eth0`, with the length of its prefix; null: it gives itself one. */
  readonly address: string | null
  /** The command that runs another on this host. */
  readonly inside: readonly string[]
  /** Pulls the cable out, or puts it back. */
  setPlugged(plugged: boolean): void
  /** Takes the address away from `eth0`, or gives it back. */
  setAddressed(addressed: boolean): void
  /** From now on swallows packets to these ports, in and out, and to no others. */
  setFirewall(ports: readonly Port[]): void
}

interface Port {
  readonly protocol: 'tcp' | 'udp'
  readonly port: number
}

export interface Lan {
  readonly hosts: readonly Host[]
  remove(): void
}

/** The system's own tools: packages in node_modules have commands of the same names. */
const env = { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' }

const TOOLS = ['ip', 'tc', 'nft', 'python3'] as const

/** What this machine lacks for a network of namespaces, in words; null where nothing is missing. */
export function lacking(): string | null {
  if (process.platform !== 'linux') return 'network namespaces are a thing of Linux'
  if (process.getuid?.() !== 0) return 'it makes network namespaces, which needs root'
  const missing = TOOLS.filter(tool => !works('sh', '-c', `command -v ${tool}`))
  if (missing.length > 0)
    return `${missing.join(', ')} not found; on Debian: apt-get install iproute2 nftables python3`
  return null
}

/** @throws where the kernel refuses; what was made until then is removed */
export function createLan(prefix: string, links: readonly HostOptions[]): Lan {
  const hub = `${prefix}-switch`
  const relays: ChildProcess[] = []
  const names = [hub, ...links.map((_, index) => `${prefix}-${index}`)]
  const remove = () => {
    for (const relay of relays) relay.kill('SIGKILL')
    for (const name of names) works('ip', 'netns', 'delete', name)
  }
  process.on('exit', remove)
  try {
    for (const name of names) run('ip', 'netns', 'add', name)
    inside(hub, 'ip', 'link', 'add', 'br0', 'type', 'bridge', 'mcast_snooping', '0')
    inside(hub, 'ip', 'link', 'set', 'br0', 'up')
    const hosts = links.map((options, index) => addHost(hub, `${prefix}-${index}`, index, options, relays))
    return { hosts, remove }
  } catch (error) {
    remove()
    throw error
  }
}

function addHost(
  hub: string,
  name: string,
  index: number,
  { kind, ...quality }: HostOptions,
  relays: ChildProcess[],
): Host {
  const port = `port${index}`
  const address = addressOf(kind, index)
  inside(hub, 'ip', 'link', 'add', port, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name)
  if (quality.delayMs === 0) inside(hub, 'ip', 'link', 'set', port, 'master', 'br0')
  else relays.push(delayed(hub, port, `${port}b`, quality.delayMs))
  inside(hub, 'ip', 'link', 'set', port, 'up')
  inside(name, 'ip', 'link', 'set', 'lo', 'up')
  if (kind !== 'ipv6') inside(name, 'ip', 'link', 'set', 'eth0', 'addrgenmode', 'none')
  if (address !== null) inside(name, 'ip', 'address', 'add', address, 'dev', 'eth0')
  inside(name, 'ip', 'link', 'set', 'eth0', 'up')
  if (kind === 'vpn') addVpn(name)
  // The relay reads packets as they are on the wire: their checksums have to be there.
  inside(name, 'python3', relayPath, 'plain', 'eth0')
  for (const [place, device] of [
    [hub, port],
    [name, 'eth0'],
  ] as const)
    limit(place, device, quality.megabitsPerSecond)
  lose(name, quality.dropOneIn)
  return {
    name,
    address,
    inside: ['ip', 'netns', 'exec', name],
    setPlugged: plugged => inside(hub, 'ip', 'link', 'set', port, plugged ? 'up' : 'down'),
    setAddressed(addressed) {
      if (address !== null)
        inside(name, 'ip', 'address', addressed ? 'add' : 'delete', address, 'dev', 'eth0')
    },
    setFirewall: ports => swallow(name, ports),
  }
}

function addressOf(kind: HostKind, index: number): string | null {
  if (kind === 'ipv6') return null
  return kind === 'self-assigned' ? `169.254.7.${index + 1}/16` : `10.77.0.${index + 1}/24`
}

/** It takes everything that has no better route, and swallows it. */
function addVpn(name: string): void {
  inside(name, 'ip', 'link', 'add', 'vpn0', 'type', 'veth', 'peer', 'name', 'tunnel')
  for (const device of ['vpn0', 'tunnel']) inside(name, 'ip', 'link', 'set', device, 'addrgenmode', 'none')
  inside(name, 'ip', 'address', 'add', '10.99.0.1/24', 'dev', 'vpn0')
  for (const device of ['vpn0', 'tunnel']) inside(name, 'ip', 'link', 'set', device, 'up')
  inside(name, 'ip', 'route', 'add', 'default', 'dev', 'vpn0')
}

const relayPath = join(import.meta.dirname, 'delay-relay.py')

/** A second cable between the host's port and the switch, and a relay that takes its time between the two. */
function delayed(hub: string, port: string, other: string, delayMs: number): ChildProcess {
  inside(hub, 'ip', 'link', 'add', other, 'type', 'veth', 'peer', 'name', `${other}x`)
  inside(hub, 'ip', 'link', 'set', `${other}x`, 'master', 'br0')
  for (const device of [other, `${other}x`]) inside(hub, 'ip', 'link', 'set', device, 'up')
  return spawn('ip', ['netns', 'exec', hub, 'python3', relayPath, 'relay', port, other, String(delayMs)], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
}

function limit(namespace: string, device: string, megabits: number): void {
  const rate = `${megabits}mbit`
  inside(
    namespace,
    'tc',
    'qdisc',
    'add',
    'dev',
    device,
    'root',
    'tbf',
    'rate',
    rate,
    'burst',
    '64kb',
    'latency',
    '50ms',
  )
}

function lose(namespace: string, oneIn: number): void {
  const rules = `table inet lossy {
    chain in {
      type filter hook input priority 0
      iifname != "lo" numgen random mod ${oneIn} == 0 counter drop
    }
  }
`
  filter(namespace, rules)
}

function swallow(namespace: string, ports: readonly Port[]): void {
  const rules = ports.map(({ protocol, port }) => `${protocol} dport ${port} drop`).join('\n')
  const chain = (hook: string) => `chain ${hook} {
      type filter hook ${hook} priority -10
      ${rules}
    }`
  filter(
    namespace,
    `table inet wall
  delete table inet wall
  table inet wall {
    ${chain('input')}
    ${chain('output')}
  }
`,
  )
}

function filter(namespace: string, rules: string): void {
  execFileSync('ip', ['netns', 'exec', namespace, 'nft', '-f', '-'], {
    env,
    input: rules,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
}

/** Packets that the host's link lost so far. */
export function packetsLost(host: Host): number {
  const rules = execFileSync('ip', ['netns', 'exec', host.name, 'nft', 'list', 'ruleset'], {
    env,
    encoding: 'utf8',
  })
  return Number(/counter packets (\d+)/.exec(rules)?.[1] ?? 0)
}

function inside(namespace: string, ...command: readonly string[]): void {
  run('ip', 'netns', 'exec', namespace, ...command)
}

function run(command: string, ...args: readonly string[]): void {
  try {
    execFileSync(command, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? error).trim()
    throw new Error(`${command} ${args.join(' ')}: ${said}`)
  }
}

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { env, stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
