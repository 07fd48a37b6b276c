/** The rule of each averaging agreement, on the vectors of one iteration. */
import { squaredDistances } from '../kernels/index.ts'
import type { ProtocolName } from '../protocol-names.ts'
import { protocolNamed } from '../protocols/registry.ts'
import type { Vector } from '../vector.ts'
import type { Family } from './family.ts'

/** @param distances all `‖x_j − x_k‖²`, for MDA, where the caller knows some of them; it must give the same bits */
export function aggregate(protocol: ProtocolName, family: Family, distances = squaredDistances): Vector {
  return protocolNamed(protocol).rule(family, distances)
}
