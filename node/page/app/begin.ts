/** Begins an application when its page is there. Whatever goes wrong, the page says so and is not left empty. */

/** @param sentence what the reader is told if it cannot begin */
export function begin(start: () => Promise<void>, sentence: string): void {
  const open = () => {
    start().catch(() => {
      const trouble = document.createElement('p')
      trouble.className = 'trouble'
      trouble.textContent = sentence
      document.getElementById('app')!.replaceChildren(trouble)
    })
  }
  if (document.readyState === 'loading') addEventListener('DOMContentLoaded', open)
  else open()
}
