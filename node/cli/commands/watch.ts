/** `concord watch`: the page of a running peer of this machine. */
import { defineCommand, flag, option } from '../command.ts'
import { integer } from '../parse.ts'
import { runningPeerOptions, socketOf } from './status.ts'

export const watch = defineCommand({
  name: 'watch',
  summary:
    'a page of a running peer of this machine: what it learns, whom it waits for, and what it receives',
  about:
    'Follows a peer that "concord join" runs, by a socket in its state directory, and shows it on a page at an address of this machine alone. What the peer receives is recorded from the moment that somebody watches.',
  options: {
    ...runningPeerOptions,
    port: option('--port <port>', 'the port of the page; 0: a free one', integer({ min: 0, max: 65_535 }), 0),
    open: flag('--open', 'open the page in a browser'),
  },
  examples: ['--identity alice.pem', '--state /var/lib/concord --port 8080 --open'],
  async handler({ identity, state, control, port, open }, _, terminal) {
    const { followRun, watchPath } = await import('../../daemon/watch-socket.ts')
    const path = watchPath(control ?? (await socketOf(state, identity)))
    const [{ pageApp }, { servePage }] = await Promise.all([
      import('../../page/built.ts'),
      import('../../page/server.ts'),
    ])
    const app = await pageApp()
    const followed = await followRun(path)
    const server = await servePage({ app, title: followed.run.about.title, port, source: followed })
    terminal.print(`watch it on ${server.url} (Ctrl-C ends this, and not the peer)`)
    if (open) {
      const { openBrowser } = await import('../page/browser.ts')
      openBrowser(server.url, why => terminal.warn(`the page was not opened: ${why}`))
    }
    const stopped = Promise.withResolvers<'stopped'>()
    const stop = () => stopped.resolve('stopped')
    process.once('SIGINT', stop).once('SIGTERM', stop)
    const end = await Promise.race([stopped.promise, followed.gone.then(() => 'gone' as const)])
    if (end === 'gone')
      terminal.print(followed.run.state === 'ended' ? 'the run has ended' : 'the peer is gone')
    followed.leave()
    await server.close()
    return 0
  },
})
