/** How a ratio may differ from the committed one before that counts as a regression. */
export type Rule = {
  /** What the name of the ratio ends with. */
  readonly suffix: string
  /** Whether a larger ratio is worse or a smaller one. */
  readonly worse: 'larger' | 'smaller'
  /** The factor up to which it may be worse. */
  readonly tolerance: number
}

export type Comparison = {
  readonly name: string
  readonly committed: number
  readonly measured: number
  /** The worst that is accepted. */
  readonly limit: number
  readonly isRegression: boolean
}

export type Ratios = Readonly<Record<string, number>>

/** Those ratios that are in both and that a rule speaks of; without limits of their own, others are for people. */
export function compareRatios(committed: Ratios, measured: Ratios, rules: readonly Rule[]): Comparison[] {
  return Object.entries(measured).flatMap(([name, value]) => {
    const before = committed[name]
    const rule = rules.find(({ suffix }) => name.endsWith(suffix))
    if (before === undefined || rule === undefined) return []
    return [{ name, ...judged({ committed: before, measured: value }, rule) }]
  })
}

/** Of each ratio the better of two measurements: what a busy machine spoils once is no regression. */
export function betterOf(first: Ratios, second: Ratios, rules: readonly Rule[]): Ratios {
  const better = Object.entries(second).map(([name, value]) => {
    const before = first[name]
    const rule = rules.find(({ suffix }) => name.endsWith(suffix))
    if (before === undefined || Number.isNaN(before) || rule === undefined) return [name, value] as const
    if (Number.isNaN(value)) return [name, before] as const
    return [name, rule.worse === 'larger' ? Math.min(before, value) : Math.max(before, value)] as const
  })
  return { ...first, ...Object.fromEntries(better) }
}

function judged(
  { committed, measured }: Pick<Comparison, 'committed' | 'measured'>,
  { worse, tolerance }: Rule,
): Omit<Comparison, 'name'> {
  const limit = worse === 'larger' ? committed * tolerance : committed / tolerance
  // What is not a number was not measured, and that is no success.
  const isGood = worse === 'larger' ? measured <= limit : measured >= limit
  return { committed, measured, limit, isRegression: !isGood }
}
