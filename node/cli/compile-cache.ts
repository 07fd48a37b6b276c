/** Compiled modules are kept on disk: a demo starts a process for each peer, and every one of them a thread. */
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { openCacheFolder } from '../../learning/data/cache-folder.ts'

/**
 * For this process, its threads and the processes that it starts. The folder is this user's own and not the system's for
 * temporary files, where Node would put it: what is in it is run.
 */
export function openCompileCache(): void {
  if (process.env.NODE_COMPILE_CACHE === undefined) {
    const folder = openCacheFolder()
    if (folder === null) return
    // Threads and processes that are started look here.
    process.env.NODE_COMPILE_CACHE = join(folder, 'compiled')
  }
  enableCompileCache(process.env.NODE_COMPILE_CACHE)
}
