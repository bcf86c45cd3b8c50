import assert from 'node:assert/strict'

export type ParsedSample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export type ParsedFamily = {
  readonly name: string
  readonly type: string
  readonly help: string
  readonly samples: readonly ParsedSample[]
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*'
const LABEL = '[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\\\\n]|\\\\["\\\\n])*"'
const NUMBER = '[+-]?Inf|NaN|-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?'
const SAMPLE = new RegExp(`^(${NAME})(?:\\{(${LABEL}(?:,${LABEL})*)\\})? (${NUMBER})$`)
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
}

/**
 * Reads Prometheus' text format 0.0.4 by its grammar, and refuses what a strict reader may refuse: a comma after
 * the last label, a sample outside its family, a family or a series twice, buckets that do not add up.
 */
export function parseExposition(text: string): ReadonlyMap<string, ParsedFamily> {
  assert.ok(text === '' || text.endsWith('\n'), 'the last line has no end')
  const families = new Map<string, ParsedFamily>()
  let current: (ParsedFamily & { samples: ParsedSample[] }) | undefined
  let help = ''
  for (const line of text.split('\n').slice(0, -1)) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line)
    if (comment?.[1] === 'HELP') {
      help = comment[3] ?? ''
    } else if (comment?.[2] !== undefined) {
      const [, , name, type = ''] = comment
      assert.ok(!families.has(name), `family ${name} comes twice`)
      current = { name, type, help, samples: [] }
      families.set(name, current)
    } else {
      const sample = sampleOf(line)
      const suffixes = SUFFIXES[current?.type ?? ''] ?? []
      const names = suffixes.map((suffix) => `${current?.name}${suffix}`)
      assert.ok(names.includes(sample.name), `'${line}' is outside its family`)
      current?.samples.push(sample)
    }
  }
  for (const family of families.values()) checkFamily(family)
  return families
}

function sampleOf(line: string): ParsedSample {
  const match = SAMPLE.exec(line)
  assert.ok(match, `'${line}' is no sample`)
  const [, name = '', labelText = '', value = ''] = match
  const labels: Record<string, string> = {}
  for (const [, label = '', text = ''] of labelText.matchAll(/([^=,]+)="((?:[^"\\]|\\.)*)"/g)) {
    assert.ok(!Object.hasOwn(labels, label), `'${line}' has the label ${label} twice`)
    labels[label] = text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character))
  }
  return { name, labels, value: Number(value.replace('Inf', 'Infinity')) }
}

function checkFamily({ name, type, samples }: ParsedFamily): void {
  const series = samples.map(({ name: sample, labels }) => `${sample}${JSON.stringify(labels)}`)
  assert.equal(new Set(series).size, series.length, `${name} has a series twice`)
  if (type !== 'histogram') return
  const last = new Map<string, number>()
  for (const { name: sample, labels, value } of samples) {
    const { le, ...others } = labels
    const key = JSON.stringify(others)
    if (sample.endsWith('_bucket')) {
      assert.ok(value >= (last.get(key) ?? 0), `${name}'s bucket ${le} counts less than the one before`)
      last.set(key, value)
    }
    if (sample.endsWith('_count'))
      assert.equal(value, last.get(key), `${name}'s count is not its last bucket`)
  }
}

/** The labels and value of each sample of one name. */
export function samplesOf(text: string, name: string): [Record<string, string>, number][] {
  return [...parseExposition(text).values()]
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .map(({ labels, value }) => [labels, value])
}
