import { arch, cpus, platform, totalmem } from 'node:os'

/** Where and when something was measured. */
export type Circumstances = { readonly machine: string; readonly date: string; readonly node: string }

export function describeCircumstances(): Circumstances {
  const processors = cpus()
  const gibibytes = Math.round(totalmem() / 2 ** 30)
  return {
    machine: `${processors.length} × ${processors[0]?.model ?? 'unknown processor'}, ${gibibytes} GiB, ${platform()} ${arch()}`,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
  }
}
