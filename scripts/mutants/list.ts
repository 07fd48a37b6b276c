/** The mutants: one line each, what it becomes, and how many seeds of the swarm it may survive at most. */

export interface Mutant {
  readonly name: string
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly line: string
  readonly becomes: string
  readonly within: number
  /** The first of these seeds, where what it takes is rare; 0 if nothing is said. */
  readonly from?: number
  /** Whose seeds hunt it; agreements, where nothing is said. */
  readonly swarm?: 'agreement' | 'learning'
}

const thresholds = 'agreement/thresholds.ts'
const broadcast = 'agreement/broadcast.ts'
const witness = 'agreement/witness.ts'
const standardForm = 'agreement/averaging/standard-form.ts'
const aggregate = 'agreement/averaging/aggregate.ts'

export const mutants: readonly Mutant[] = [
  {
    name: 'echo-quorum',
    file: thresholds,
    line: 'return Math.ceil((peers + maxFaulty + 1) / 2)',
    becomes: 'return maxFaulty + 1',
    within: 500,
  },
  {
    name: 'ready-quorum',
    file: thresholds,
    line: 'return 2 * maxFaulty + 1',
    becomes: 'return maxFaulty + 1',
    within: 500,
  },
  {
    name: 'ready-amplification',
    file: broadcast,
    line: 'const digest = readyDigest(state, echoThreshold(peers, maxFaulty), readyAmplification(maxFaulty))',
    becomes: 'const digest = readyDigest(state, echoThreshold(peers, maxFaulty), peers + 1)',
    within: 500,
  },
  {
    name: 'ready-from-one',
    file: broadcast,
    line: 'const digest = readyDigest(state, echoThreshold(peers, maxFaulty), readyAmplification(maxFaulty))',
    becomes: 'const digest = readyDigest(state, echoThreshold(peers, maxFaulty), 1)',
    within: 500,
  },
  {
    name: 'no-witness-phase',
    file: witness,
    line: 'if (state.done || state.witnesses.size < witnessThreshold(peers, maxFaulty)) return',
    becomes: 'if (state.done || state.delivered.size < witnessThreshold(peers, maxFaulty)) return',
    within: 500,
  },
  {
    name: 'witness-taken-at-its-word',
    file: witness,
    line: 'if (listed.every(author => state.delivered.has(author))) state.witnesses.add(peer)',
    becomes: 'if (listed.length > 0) state.witnesses.add(peer)',
    within: 500,
  },
  {
    name: 'duplicate-votes',
    file: broadcast,
    line: 'vote(state, step, state.readies, from, message.digest)',
    becomes: 'vote(state, step, state.readies, from + 1000 * state.readies.size, message.digest)',
    within: 500,
  },
  {
    name: 'cwtm-trims-less',
    file: aggregate,
    line: 'return cwtm(vectors, maxFaulty, { checked })',
    becomes: 'return cwtm(vectors, Math.max(0, maxFaulty - 1), { checked })',
    within: 500,
  },
  {
    name: 'middle-trims-less',
    file: aggregate,
    line: 'return trimmedMiddle(vectors, maxFaulty, { checked })',
    becomes: 'return trimmedMiddle(vectors, Math.max(0, maxFaulty - 1), { checked })',
    within: 500,
  },
  {
    name: 'subset-larger',
    file: standardForm,
    line: 'keep: waited - maxFaulty })',
    becomes: 'keep: waited - maxFaulty + 1 })',
    within: 500,
  },
  {
    name: 'quorum-smaller',
    file: standardForm,
    line: 'if (received.size < honestCount(peers, maxFaulty)) return null',
    becomes: 'if (received.size < honestCount(peers, maxFaulty) - 1) return null',
    within: 500,
  },
  {
    name: 'no-finite-check',
    file: 'agreement/vector.ts',
    line: 'return a + b + c + d === 0',
    becomes: 'return true',
    within: 500,
  },
  {
    name: 'slot-reuse',
    file: 'node/runtime/journal.ts',
    line: 'let own = sealed.get(key)',
    becomes: 'let own = [sealed.get(key)][1]',
    within: 500,
  },
  {
    name: 'vote-reuse',
    file: 'node/runtime/journal.ts',
    line: 'const bound = votes.get(key) ?? value',
    becomes: 'const bound = value',
    within: 500,
  },
  {
    name: 'iterations-halved',
    file: 'agreement/bounds.ts',
    line: 'return ceiling((t * Math.LN2) / rate)',
    becomes: 'return ceiling((t * Math.LN2) / rate / 2)',
    within: 500,
  },
  {
    name: 'no-sync-before-sending',
    file: 'node/runtime/send.ts',
    line: 'if (!journal.dirty()) {',
    becomes: 'if (journal.dirty() || true) {',
    within: 500,
  },
  {
    name: 'no-resending',
    file: 'node/link/outbox.ts',
    line: "if (entry.place === 'sent') entry.place = 'due'",
    becomes: "if (entry.place === 'sent') entry.place = 'done'",
    within: 500,
  },
  {
    name: 'resume-without-budget',
    file: 'node/link/outbox.ts',
    line: 'nextBundle: () => (waitMs(state) > 0 ? null : nextBundle(state)),',
    becomes: 'nextBundle: () => nextBundle(state),',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'no-signature-check',
    file: 'node/runtime/receive.ts',
    line: 'if (!verifier.accepts(message)) {',
    becomes: 'if (!verifier.accepts(message) && false) {',
    within: 500,
  },
  {
    name: 'rounds-drift',
    file: standardForm,
    line: 'state.roundsOver = timer.slot.iteration + 1',
    becomes: 'state.roundsOver = timer.slot.iteration + 2',
    within: 500,
  },
  {
    name: 'suspicion-never-asks',
    file: 'learning/recovery/recovery.ts',
    line: 'if (!isWaiting) {',
    becomes: 'if (isWaiting) {',
    within: 500,
    from: 3500,
    swarm: 'learning',
  },
  {
    name: 'words-lost-at-full-sockets',
    file: 'node/link/link.ts',
    line: 'if (!hooks.send(encodeControl(state, queuedControls[0]!))) return false',
    becomes: 'hooks.send(encodeControl(state, queuedControls[0]!))',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'metrics-measured-as-parameters',
    file: 'node/codec/decode-message.ts',
    line: "const right = slot.phase === 'metrics' ? limits.metricsDimension : limits.dimension",
    becomes: 'const right = limits.dimension',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'finished-before-the-last-metrics',
    file: 'learning/learn.ts',
    line: 'if (step > lastStep(options)) {',
    becomes: 'if (step > options.steps) {',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'never-listens',
    file: 'learning/recovery/choose.ts',
    line: "return protocol === 'rb-tm' && peers - maxFaulty - 1 < 2 * maxFaulty + 1",
    becomes: 'return false',
    within: 500,
    from: 3500,
    swarm: 'learning',
  },
  {
    name: 'reset-keeps-its-place',
    file: 'node/link/link.ts',
    line: 'inbox.reset()',
    becomes: 'inbox.acknowledged()',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'nothing-withheld',
    file: 'node/link/outbox.ts',
    line: 'return timeless || step <= peerStep + ahead',
    becomes: 'return timeless || step <= peerStep + ahead + 1',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'window-never-moves',
    file: 'node/link/outbox.ts',
    line: 'if (step > state.peerStep) {',
    becomes: 'if (step > state.peerStep + 5) {',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'memory-taken-for-granted',
    file: 'learning/recovery/choose.ts',
    line: 'Math.max(spoken + SILENT_STEPS, completeFrom)',
    becomes: 'completeFrom',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'older-copy-gone-on-from',
    file: 'learning/recovery/recovery.ts',
    line: 'if (seen !== null && isForgotten(machine, seen.slot)) forget',
    becomes: 'if (seen !== null && isForgotten(machine, { ...seen.slot, step: 0 })) forget',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'second-process-takes-over',
    file: 'node/network/process-tally.ts',
    line: 'return lives && !isSameProcess(present, newcomer)',
    becomes: 'return lives && isSameProcess(present, newcomer)',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'convictions-not-loaded',
    file: 'node/runtime/driver.ts',
    line: 'for (const proof of [...journal.proofs(), ...proofs])',
    becomes: 'for (const proof of proofs)',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'cut-at-the-first-bad-record',
    file: 'node/storage/records.ts',
    line: 'if (records.length < durable)',
    becomes: 'if (records.length < 0)',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'no-watermark',
    file: 'node/runtime/journal-memory.ts',
    line: 'if (missing <= 0) return null',
    becomes: 'if (missing < Infinity) return null',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'votes-before-complete-from',
    file: 'node/runtime/journal.ts',
    line: "if (slot.step < completeFrom && messageTraits[kind].durable !== 'never') return false",
    becomes: "if (slot.step < completeFrom && messageTraits[kind].durable === 'kept') return false",
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'statistics-move',
    file: 'learning/learn.ts',
    line: 'if (statistics === null || statistics.length === 0) return vector',
    becomes: 'if (statistics !== undefined) return vector',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'statistics-agreed-on-once',
    file: 'learning/schedule.ts',
    line: 'const STATISTICS_ITERATIONS = 24',
    becomes: 'const STATISTICS_ITERATIONS = 1',
    within: 500,
    swarm: 'learning',
  },
  {
    name: 'rounded-after-sealing',
    file: 'node/signatures/seal.ts',
    line: "return { vector, digest, signature, ...(precision !== 'f32' && { precision }) }",
    becomes: "return { vector: given, digest, signature, ...(precision !== 'f32' && { precision }) }",
    within: 500,
  },
]
