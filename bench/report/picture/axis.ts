import { shownNumber } from '../shown-number.ts'

/** A number of the chart and where it stands, in pixels along its axis. */
export type Tick = { readonly at: number; readonly label: string }

export type Axis = {
  /** Pixels from the start of the axis. */
  readonly place: (value: number) => number
  readonly ticks: readonly Tick[]
}

const WANTED_STEPS = 5
const ROUND_STEPS = [1, 2, 5, 10]
const MOST_OWN_TICKS = 8

/** From 0 to the round number above the largest value, in steps of 1, 2 or 5 times a power of ten. */
export function linearAxis(values: readonly number[], lengthPixels: number): Axis {
  const largest = Math.max(...values, 0)
  const step = roundStep(largest === 0 ? 1 : largest / WANTED_STEPS)
  const steps = Math.max(1, Math.ceil(largest / step - 1e-9))
  const place = (value: number) => (value / (steps * step)) * lengthPixels
  const tickValues = Array.from({ length: steps + 1 }, (_, index) => index * step)
  return { place, ticks: tickValues.map((value) => tickOf(value, place)) }
}

function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least))
  const factor = ROUND_STEPS.find((each) => each * power >= least * (1 - 1e-9)) ?? 10
  return factor * power
}

/** Values that grow by factors stand apart alike. They are their own ticks where they are few. */
export function logAxis(values: readonly number[], lengthPixels: number): Axis {
  const distinct = [...new Set(values)].sort((one, other) => one - other)
  const [from, to] = [Math.log(distinct[0] ?? 1), Math.log(distinct.at(-1) ?? 1)]
  const place = (value: number) =>
    from === to ? lengthPixels / 2 : ((Math.log(value) - from) / (to - from)) * lengthPixels
  const tickValues = distinct.length <= MOST_OWN_TICKS ? distinct : powersOfTen(distinct)
  return { place, ticks: tickValues.map((value) => tickOf(value, place)) }
}

function powersOfTen(ascending: readonly number[]): number[] {
  const [first, last] = [Math.log10(ascending[0] ?? 1), Math.log10(ascending.at(-1) ?? 1)]
  const count = Math.floor(last + 1e-9) - Math.ceil(first - 1e-9) + 1
  return Array.from({ length: Math.max(0, count) }, (_, index) => 10 ** (Math.ceil(first - 1e-9) + index))
}

function tickOf(value: number, place: (value: number) => number): Tick {
  return { at: place(value), label: labelOf(value) }
}

/** Without the zeros that a step such as 0.5 does not need, nor the dust of its multiples. */
function labelOf(value: number): string {
  const rounded = Number(value.toPrecision(6))
  return Math.abs(rounded) < 1 && rounded !== 0 ? String(Number(rounded.toPrecision(2))) : short(rounded)
}

function short(value: number): string {
  const text = shownNumber(value)
  return text.includes('.') ? String(Number(text)) : text
}
