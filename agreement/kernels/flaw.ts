/** What can be wrong with encoded numbers: they are not finite, or have other bytes than those they are encoded as. */
export type Flaw = 'not-finite' | 'other-form'
