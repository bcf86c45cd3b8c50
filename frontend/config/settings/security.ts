/** Who may ask, and over what. */
export const securitySettings = {} as const
