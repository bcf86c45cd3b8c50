/** What may be fetched from elsewhere. */
export const downloadsSettings = {} as const
