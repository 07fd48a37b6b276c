/** `concord completion`: a script by which a shell completes commands, options and values. */
import { type Command, type CommandGroup, defineCommand } from '../command.ts'
import type { Tree } from '../completion/tree.ts'
import { oneOf } from '../parse.ts'

const shells = ['bash', 'zsh', 'fish'] as const

/** @param all the commands that are completed */
export const completionOf = (all: () => Promise<readonly (Command | CommandGroup)[]>) =>
  defineCommand({
    name: 'completion',
    summary: 'print a script by which bash, zsh or fish completes commands and options',
    about:
      'In ~/.bashrc: source <(concord completion bash). In ~/.zshrc, after compinit: source <(concord completion zsh). For fish: concord completion fish > ~/.config/fish/completions/concord.fish. The scripts know this version; make them anew for another one.',
    arguments: [{ name: '<shell>', about: shells.join(', '), choices: shells }],
    options: {},
    examples: ['bash', 'zsh', 'fish'],
    async handler(_, [text = ''], terminal) {
      const shell = oneOf(shells)(text, 'the shell')
      const { completionTree } = await import('../completion/tree.ts')
      const tree = completionTree('concord', await all())
      terminal.data(await scriptFor(shell, tree))
      return 0
    },
  })

async function scriptFor(shell: (typeof shells)[number], tree: Tree): Promise<string> {
  switch (shell) {
    case 'bash':
      return (await import('../completion/bash.ts')).bashScript(tree)
    case 'zsh':
      return (await import('../completion/zsh.ts')).zshScript(tree)
    case 'fish':
      return (await import('../completion/fish.ts')).fishScript(tree)
  }
}
