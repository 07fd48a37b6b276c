/** The registry of averaging agreements: the entries of ours, and adding one. */
import test from 'ava'
import { bounds, mostFaults, peersNeeded } from '../../agreement/bounds.ts'
import { type OwnProtocolName, protocolNames } from '../../agreement/protocol-names.ts'
import type { AveragingProtocol } from '../../agreement/protocols/entry.ts'
import {
  addProtocol,
  hasProtocol,
  isBroadcastBased,
  isCoordinateWise,
  protocolNamed,
  removeProtocol,
} from '../../agreement/protocols/registry.ts'

test('each of ours is an entry under its own name', t => {
  for (const name of protocolNames) t.is(protocolNamed(name).name, name)
  t.deepEqual(protocolNames.filter(isBroadcastBased), ['rb-tm', 'box-geom', 'box-mean'])
  t.deepEqual(protocolNames.filter(isCoordinateWise), ['icwtm', 'rb-tm', 'box-geom', 'box-mean'])
})

test('by entry: how many peers each fault takes, and where a protocol does not run', t => {
  const needed = (f: number) =>
    protocolNames.map(name =>
      (['asynchronous', 'synchronous'] as const).map(each => peersNeeded(name, f, each)),
    )
  t.deepEqual(needed(2), [
    [13, 11],
    [15, 11],
    [11, 7],
    [7, 5],
    [7, null],
    [7, null],
    [null, null],
  ])
  t.deepEqual(needed(0).at(-1), [1, 1])
  t.is(mostFaults('rb-tm', 13, 'synchronous'), 6)
  t.is(mostFaults('mean', 13, 'asynchronous'), 0)
})

const entry = (name: OwnProtocolName): AveragingProtocol => ({
  name,
  form: 'standard',
  rule: ({ own }) => own,
  usesOwn: true,
  dropsFaulty: false,
  guarantees: null,
})

test('a protocol that is added is found by its name until it is taken off; no name stands for two', t => {
  const mine = entry('mine@test')
  t.false(hasProtocol('mine@test'))
  t.throws(() => protocolNamed('mine@test'), {
    code: 'PROTOCOL_UNKNOWN',
    message: /no averaging agreement is called "mine@test"; there are mda, cva/,
  })
  addProtocol(mine)
  addProtocol(mine)
  t.is(protocolNamed('mine@test'), mine)
  t.throws(() => addProtocol(entry('mine@test')), { code: 'PROTOCOL_TAKEN' })
  removeProtocol('mine@test')
  t.false(hasProtocol('mine@test'))
})

test('an entry with guarantees has bounds like ours', t => {
  const { guarantees } = protocolNamed('icwtm')
  addProtocol({ ...entry('proved@test'), guarantees })
  const query = { peers: 11, maxFaulty: 2, synchrony: 'asynchronous', dimension: 3 } as const
  const { protocol: _, why: __, ...own } = bounds({ ...query, protocol: 'proved@test' })
  t.like(bounds({ ...query, protocol: 'icwtm' }), own)
  t.true(own.feasible)
  removeProtocol('proved@test')
})
