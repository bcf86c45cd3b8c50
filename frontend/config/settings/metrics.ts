/** What is measured and shown. */
export const metricsSettings = {} as const
