import type { OfferedModel, OfferedVersion } from './source.ts'

type Sight = {
  /** What each version was at the last look. */
  readonly fingerprints: ReadonlyMap<string, string>
  /** The versions as they last stood still. */
  readonly settled: ReadonlyMap<string, OfferedVersion>
}

/**
 * Takes a version only when two looks in a row have found it the same: one that is being copied into its place is not
 * read half. Until then it counts as it stood still last, or, if it is new, as not there.
 */
export class SettledOffers {
  readonly #sights = new Map<string, Sight>()

  /** @param isTrusted somebody has just said that it is complete, or nothing is known to compare it with */
  settle(model: OfferedModel, isTrusted: boolean): OfferedModel {
    if (model.error !== undefined) return model
    const before = this.#sights.get(model.name)
    const versions = model.versions.flatMap((offered) => {
      const isSame = before?.fingerprints.get(offered.version) === offered.fingerprint
      return isSame || isTrusted ? offered : (before?.settled.get(offered.version) ?? [])
    })
    this.#sights.set(model.name, {
      fingerprints: new Map(model.versions.map(({ version, fingerprint }) => [version, fingerprint])),
      settled: new Map(versions.map((each) => [each.version, each])),
    })
    return { ...model, versions }
  }

  forget(name: string): void {
    this.#sights.delete(name)
  }
}
