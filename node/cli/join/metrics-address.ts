/** The address of `--metrics`. */
import type { MetricsAddress } from '../../daemon/metrics.ts'
import { UsageError } from '../command.ts'

/** Reads `9464`, `127.0.0.1:9464` or `[::1]:9464`. A port alone is on loopback. */
export function metricsAddress(text: string, name: string): MetricsAddress {
  const match = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(match?.[3])
  if (match === null || port > 65_535)
    throw new UsageError(`${name} is "${text}"; expected [HOST:]PORT, such as 127.0.0.1:9464`)
  return { host: match[1] ?? match[2] ?? '127.0.0.1', port }
}
