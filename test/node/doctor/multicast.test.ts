/** What the doctor says of mDNS: what was heard on which interface, and what keeps the others from being found. */
import test from 'ava'
import { createIdentity } from '../../../node/cohort/identity.ts'
import {
  judgeListening,
  judgeMulticast,
  listenEverywhere,
  type MulticastOptions,
} from '../../../node/doctor/multicast.ts'
import { MDNS_SERVICE } from '../../../node/network/constants.ts'
import { decodePacket } from '../../../node/network/mdns/decode.ts'
import { asksFor, encodeAnswer } from '../../../node/network/mdns/message.ts'
import type { OpenSocket } from '../../../node/network/mdns/socket.ts'
import { place, writeCohort } from '../cli/places.ts'
import { at, type Cable, cable, plugged } from '../network/mdns/networks.ts'
import { about, asked } from './support.ts'

const asks = async (options: MulticastOptions) =>
  judgeMulticast(await listenEverywhere({ listenMs: 50, ...options }))

/** A peer on another machine of this cable, and another that speaks another program's service. */
function withPeer({ open, inject }: Cable): OpenSocket {
  const answer = (service: string, host: string) =>
    encodeAnswer(service, host, [`/ip4/${host}/tcp/1/p2p/${createIdentity().id}`])
  let isAsked = false
  return (local, events) =>
    open(local, {
      ...events,
      heard(bytes, source) {
        events.heard(bytes, source)
        if (isAsked || !asksFor(decodePacket(bytes)!, MDNS_SERVICE)) return
        isAsked = true
        inject(answer(MDNS_SERVICE, '10.0.0.2'), '10.0.0.2')
        inject(answer(MDNS_SERVICE, local.addresses[0]!), local.addresses[0]!)
        inject(answer('_other._udp.local', '10.0.0.3'), '10.0.0.3')
      },
    })
}

const deaf: OpenSocket = (_, { ready }) => {
  queueMicrotask(ready)
  return { send() {}, close() {} }
}

test('each interface by name: what hears others, what hears itself alone, what hears nothing, and why', async t => {
  const interfaces = [
    at('lo', '127.0.0.1/8'),
    at('tun0', '10.9.0.1/24'),
    at('vpn0', '10.8.0.1/24'),
    at('wlan0', '10.1.0.1/24'),
    at('eth0', '10.0.0.1/24'),
  ]
  const eth0 = withPeer(cable())
  const others = plugged({ lo: cable(), vpn0: cable() })
  const open: OpenSocket = (local, events) =>
    (local.name === 'eth0' ? eth0 : local.name === 'wlan0' ? deaf : others)(local, events)
  const finding = await asks({ interfaces, open })
  t.like(finding, { verdict: 'ok', cause: 'ok' })
  t.is(
    finding.says,
    'eth0 (10.0.0.1) hears its own question and 1 peer on other machines; tun0 (10.9.0.1) hears nothing ' +
      '(addMembership ENODEV); vpn0 (10.8.0.1) hears its own question and no peer on another machine; ' +
      'wlan0 (10.1.0.1) hears nothing',
  )
})

test('blocked everywhere; that loopback works is no comfort', async t => {
  const interfaces = [at('lo', '127.0.0.1/8'), at('eth0', '10.0.0.1/24')]
  const lo = cable()
  const open: OpenSocket = (local, events) => (local.isInternal ? lo.open : deaf)(local, events)
  const files = await place(t)
  const multicast = { interfaces, open, listenMs: 50 }
  const diagnosis = await asked(files, { mdns: true, identityPath: null, multicast })
  t.like(about(diagnosis, 'mdns'), { verdict: 'failed', cause: 'mdns-blocked' })
  t.regex(about(diagnosis, 'mdns')!.says, /eth0 \(10\.0\.0\.1\) hears nothing\.$/)
  t.is(about(diagnosis, 'identity')!.cause, 'no-identity')
})

test('no network but loopback', async t => {
  const finding = await asks({ interfaces: [at('lo', '127.0.0.1/8')], open: cable().open })
  t.like(finding, { verdict: 'warning', cause: 'no-network' })
})

test('an address that the machine gave itself is named as such', async t => {
  const finding = await asks({ interfaces: [at('eth0', '169.254.3.4/16')], open: cable().open })
  t.regex(finding.says, /169\.254\.3\.4, which it gave itself/)
})

test('a host of many containers: the interfaces where peers were heard come first, and not all are named', async t => {
  const many = Array.from({ length: 20 }, (_, i) => at(`veth${i}`, `10.5.${i}.1/24`))
  const eth0 = withPeer(cable())
  const open: OpenSocket = (local, events) => (local.name === 'eth0' ? eth0 : deaf)(local, events)
  const { says } = await asks({ interfaces: [...many, at('eth0', '10.0.0.1/24')], open })
  t.regex(says, /^eth0 .*; and 13 more$/)
})

test('on a network of IPv6 alone, a peer that listens on IPv4 alone is warned', async t => {
  const interfaces = [at('lo', '127.0.0.1/8'), at('eth0', 'fe80::1/64')]
  const finding = judgeListening(['/ip4/0.0.0.0/tcp/4001'], interfaces)
  t.like(finding, { verdict: 'warning', cause: 'mdns-unreachable' })
  t.regex(finding!.says, /fe80::1/)
  t.regex(
    judgeListening(['/ip4/127.0.0.1/tcp/4601'], interfaces)!.todo!,
    /or on all: \/ip4\/0\.0\.0\.0\/tcp\/4601 or \/ip6\/::\/tcp\/4601\.$/,
  )
  t.is(judgeListening(['/ip4/0.0.0.0/tcp/0', '/ip6/::/tcp/0'], interfaces), null)
  t.is(judgeListening(['/ip4/0.0.0.0/tcp/0'], [at('eth0', '10.0.0.1/24'), ...interfaces]), null)
  t.is(
    judgeListening(['/ip4/127.0.0.1/tcp/1'], interfaces.slice(0, 1)),
    null,
    'no network is another finding',
  )
  const files = await place(t)
  const isWarned = async () => {
    const multicast = { interfaces, open: cable().open, listenMs: 50 }
    const { findings } = await asked(files, { mdns: true, multicast })
    return findings.some(({ cause }) => cause === 'mdns-unreachable')
  }
  t.false(await isWarned(), 'all members are on this machine, and mDNS is not needed')
  const members = files.cohort.members.map(({ addresses, ...member }, i) => ({
    ...member,
    addresses: i === 0 ? [] : addresses,
  }))
  await writeCohort(files.folder, 'cohort.yaml', { ...files.cohort, members })
  t.true(await isWarned())
})
