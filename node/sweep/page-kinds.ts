/** What the page of a sweep's run shows: the figures of its report, or every message as well. */
export const pageKinds = ['short', 'full', 'none'] as const
export type PageKind = (typeof pageKinds)[number]
