import type { LoadGenerator } from '../load/load-generator.ts'

/** One group of questions that the benchmark answers: `npm run bench -- <name>`. */
export type Suite = {
  /** Also the name of its file of results, and of its section in the document. */
  readonly name: string
  /** What it asks, in a sentence or two: stands above its tables. */
  readonly about: string
  readonly run: (context: BenchContext) => Promise<SuiteResult>
}

export type BenchContext = {
  /** The smallest form that still shows the ratios, within the suite's budget; else what is published. */
  readonly quick: boolean
  /** Further flags of `onnxserve start`, to answer a question about one setting. */
  readonly flags: readonly string[]
  /** Scratch, the suite's alone; removed after it. */
  readonly directory: string
  readonly generator: LoadGenerator
  /** Tells the person at the terminal how far it is. */
  readonly log: (line: string) => void
}

export type SuiteResult = {
  /** What was run, a sentence: runs, seconds, models. */
  readonly settings: string
  readonly tables: readonly ResultTable[]
  readonly charts: readonly Chart[]
  readonly targets: readonly Target[]
  /** What the regression check compares: numbers that another machine would find much alike. */
  readonly ratios: Readonly<Record<string, number>>
  readonly skipped: readonly Skipped[]
}

export type ResultTable = {
  readonly title: string
  readonly columns: readonly string[]
  /** Numbers are shown with three digits or more; a text is shown as it is. */
  readonly rows: readonly (readonly (string | number)[])[]
  /** Stands below the table: what a column means. */
  readonly note?: string
}

export type Chart = {
  readonly title: string
  readonly kind: 'line' | 'bar'
  readonly xLabel: string
  readonly yLabel: string
  /** Powers of ten, or of two, stand apart alike. */
  readonly logX?: boolean
  readonly series: readonly Series[]
}

export type Series = {
  readonly name: string
  /** Of a bar chart, `x` is the name of the group. */
  readonly points: readonly (readonly [x: number | string, y: number])[]
}

/** What the project promises, beside what was measured. */
export type Target = {
  readonly name: string
  readonly measured: number
  readonly limit: number
  readonly bound: 'least' | 'most'
  /** With its space, where one belongs: ` ms`, ` ×`. */
  readonly unit: string
  readonly isMet: boolean
}

/** What this machine could not measure. */
export type Skipped = { readonly what: string; readonly reason: string }
