import { writeFile } from 'node:fs/promises'
import { coreDefaultsOf, startProcessOf, type HostProcess } from './compose-core.ts'
import type { Config } from './config/schema.ts'
import type { GivenForTune } from './config/tune-command.ts'
import { systemClock } from './core/clock.ts'
import { usableCpus } from './core/workers/cpu-quota.ts'
import { workerEnvironment } from './core/workers/launch-command.ts'
import { childProbe, ProbedProviders } from './core/workers/provider-findings.ts'
import { tune } from './tune/tune.ts'

export type TuneArchiveOptions = {
  readonly archive: string
  readonly given: GivenForTune
  /** A server's, for its defaults and its way to start workers. */
  readonly config: Config
  readonly host: HostProcess
  readonly print: (line: string) => void
  /** Ends it; the archive stays as it is, and no process is left. */
  readonly signal: AbortSignal
}

/** `onnxserve tune`. @throws ServingError see {@link tune} */
export async function tuneArchive(options: TuneArchiveOptions): Promise<void> {
  const { archive, given, config, host, print, signal } = options
  const { threads, batchRows, workers, providers, output, ...others } = given
  const environment = workerEnvironment({
    environment: host.environment,
    extraEnvironment: config.workerEnvironment,
  })
  const tuned = await tune(
    { ...others, archive, batchRows, workers, providers, output, intraOpThreads: threads, signal },
    {
      startProcess: startProcessOf(config, host),
      findings: new ProbedProviders(childProbe(host, environment)),
      cpus: usableCpus(),
      defaults: coreDefaultsOf(config),
      clock: systemClock,
      print,
    },
  )
  if (given.json !== undefined) await writeFile(given.json, `${JSON.stringify(tuned, undefined, 2)}\n`)
}
