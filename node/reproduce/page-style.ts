/** How the page of a reproduction looks. */
export const style = `
:root { color-scheme: light dark; --paper: #f6f8fa; --card: #fff; --link: #0b5cad; --ink: #1f2933; --soft: #52606d; --line: #e1e7ec; --good: #0b7a4b; --bad: #b42318; --open: #8a6100 }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif }
main { max-width: 940px; margin: 0 auto; padding: 40px 24px 80px }
header { margin-bottom: 28px }
h1 { margin: 4px 0; font-size: 32px; line-height: 1.2 }
h2 { margin: 0 0 14px; font-size: 20px }
h3 { margin: 22px 0 8px; font-size: 16px }
p { margin: 0 0 10px }
.kind { color: var(--soft); font-size: 13px; letter-spacing: .06em; text-transform: uppercase }
.source { color: var(--soft) }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 22px 26px; margin-bottom: 18px }
.verdict { display: flex; gap: 18px; padding: 12px 0; border-top: 1px solid var(--line) }
.verdict:first-of-type { border-top: 0; padding-top: 0 }
.verdict p { margin: 0 }
.verdict .claim { font-weight: 600 }
.verdict .word { flex: 0 0 128px; font-weight: 600; font-size: 14px; padding-top: 2px }
.verdict .word::before { display: inline-block; width: 1.3em }
.reproduced .word { color: var(--good) } .reproduced .word::before { content: '✓' }
.not-reproduced .word { color: var(--bad) } .not-reproduced .word::before { content: '✗' }
.open .word { color: var(--open) } .open .word::before { content: '?' }
figure { margin: 0 0 26px }
figure h3:first-child { margin-top: 0 }
figcaption, .small { color: var(--soft); font-size: 14px; margin: 6px 0 0 }
.plot, .scroll { overflow-x: auto }
.plot svg { max-width: 100%; height: auto }
.legend { display: flex; flex-wrap: wrap; gap: 4px 20px; list-style: none; padding: 0; margin: 0 0 10px; font-size: 13px }
.legend li { margin: 0; display: flex; align-items: center; gap: 8px }
.legend span { width: 24px }
.wide::before { display: none; position: sticky; left: 0; color: var(--soft); font-size: 13px; content: 'Scroll sideways for the rest →' }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; min-width: 100% }
th, td { text-align: left; padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap }
th { color: var(--soft); font-weight: 600; white-space: normal; vertical-align: bottom }
ul { margin: 0; padding-left: 20px } li { margin-bottom: 8px }
dl { display: grid; grid-template-columns: 100px 1fr; gap: 6px 14px; margin: 0 } dt { color: var(--soft) } dd { margin: 0; overflow-wrap: anywhere }
a { color: var(--link) }
.plot svg { background: #fff }
.files { margin: 6px 0 0; font-size: 14px }
summary { cursor: pointer; font-size: 14px; color: var(--soft) }
details .scroll { max-height: 24rem }
@media (max-width: 30rem) { .wide::before { display: block } .plot svg { max-width: none } main { padding: 16px 12px 40px } section { padding: 14px } h1 { font-size: 24px } .verdict { flex-direction: column; gap: 4px } .verdict .word { flex: none } dl { grid-template-columns: 1fr } }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --soft: #a9b1bc; --line: #363c46; --good: #2fc09a; --bad: #ff7558; --open: #e69f00; --link: #7db8f5; --paper: #14171c; --card: #1d2128 } .legend { margin: 0; padding: 8px 10px; background: #fff; color: #1d2733 } }
@media print { body { background: #fff } section { break-inside: avoid } }
`
