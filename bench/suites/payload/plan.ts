const KIBIBYTE = 2 ** 10
const MEBIBYTE = 2 ** 20

export type PayloadPlan = {
  readonly sizesBytes: readonly number[]
  /** All wires in turn, in alternating order. */
  readonly passes: number
  /** Each wire in each pass, but at least {@link PayloadPlan.leastRounds}. */
  readonly measureMs: number
  readonly leastRounds: number
}

export const FULL_PLAN: PayloadPlan = {
  sizesBytes: [KIBIBYTE, 64 * KIBIBYTE, MEBIBYTE, 16 * MEBIBYTE, 64 * MEBIBYTE],
  passes: 8,
  measureMs: 400,
  leastRounds: 1,
}

export const QUICK_PLAN: PayloadPlan = {
  sizesBytes: [KIBIBYTE, MEBIBYTE, 16 * MEBIBYTE],
  passes: 4,
  measureMs: 100,
  leastRounds: 1,
}

export function sizeName(bytes: number): string {
  return bytes < MEBIBYTE ? `${bytes / KIBIBYTE} KiB` : `${bytes / MEBIBYTE} MiB`
}
