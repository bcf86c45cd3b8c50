import { sampleNames, type MetricFamily } from './exposition/family.ts'
import { expose, exposeWithQuirks, type Exposition } from './exposition/negotiate.ts'
import type { TextQuirks } from './exposition/text-format.ts'

/** Where metrics come from; asked at every scrape. */
export type MetricSource = () => readonly MetricFamily[] | Promise<readonly MetricFamily[]>

/** What a scrape asks for. */
export type Scrape = {
  /** Only the metrics of these names, or those with a sample of such a name; empty: all. */
  readonly names: readonly string[]
  /** The request's `Accept`. */
  readonly accept: string | undefined
}

export type EndpointOptions = {
  readonly sources: readonly MetricSource[]
  /** Present: always text 0.0.4, written so. */
  readonly quirks?: TextQuirks
}

/** Answers scrapes from all sources. */
export function metricsEndpoint({
  sources,
  quirks,
}: EndpointOptions): (scrape: Scrape) => Promise<Exposition> {
  return async ({ names, accept }) => {
    const all = (await Promise.all(sources.map(async (source) => source()))).flat()
    const wanted = new Set(names)
    const families = names.length === 0 ? all : all.filter((family) => isWanted(family, wanted))
    return quirks === undefined ? expose(families, accept) : exposeWithQuirks(families, quirks)
  }
}

function isWanted(family: MetricFamily, wanted: ReadonlySet<string>): boolean {
  return sampleNames(family).some((name) => wanted.has(name))
}
