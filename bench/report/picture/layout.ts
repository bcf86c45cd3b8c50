import type { Chart } from '../../suites/suite.ts'
import { linearAxis, logAxis, type Axis, type Tick } from './axis.ts'

/** Where everything of a chart stands, in pixels from the left and from the top. */
export type Layout = {
  readonly title: string
  readonly xLabel: string
  readonly yLabel: string
  readonly xTicks: readonly Tick[]
  readonly yTicks: readonly Tick[]
  readonly series: readonly PlacedSeries[]
}

export type PlacedSeries = {
  readonly name: string
  /** Its color; series that share it do not exist in one chart of fewer than eight. */
  readonly colorIndex: number
  /** Of its row in the legend. */
  readonly legendTop: number
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly bars: readonly Bar[]
}

export type Bar = {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export const PICTURE = { width: 760, height: 400 }
/** The frame of the axes. */
export const FRAME = { left: 76, top: 48, width: 454, height: 292 }
export const LEGEND = { left: FRAME.left + FRAME.width + 20, top: FRAME.top + 8, rowHeight: 22 }
export const COLORS = 8

/** Share of a group's width that its bars fill. */
const GROUP_FILL = 0.8

export function layoutOf(chart: Chart): Layout {
  const yValues = chart.series.flatMap(({ points }) => points.map(([, y]) => y)).filter(Number.isFinite)
  const yAxis = linearAxis(yValues, FRAME.height)
  const bottom = FRAME.top + FRAME.height
  const yTicks = yAxis.ticks.map(({ at, label }) => ({ at: bottom - at, label }))
  const { title, xLabel, yLabel } = chart
  const placed = chart.kind === 'bar' ? placeBars(chart, yAxis) : placeLines(chart, yAxis)
  return { title, xLabel, yLabel, yTicks, ...placed }
}

type Placed = Pick<Layout, 'xTicks' | 'series'>

function placeLines({ series, logX = false }: Chart, yAxis: Axis): Placed {
  const xValues = series.flatMap(({ points }) => points.map(([x]) => Number(x)))
  const xAxis = logX ? logAxis(xValues, FRAME.width) : linearAxis(xValues, FRAME.width)
  return {
    xTicks: xAxis.ticks.map(({ at, label }) => ({ at: FRAME.left + at, label })),
    series: series.map(({ name, points }, index) => ({
      ...legendOf(name, index),
      points: points
        .filter(([, y]) => Number.isFinite(y))
        .map(([x, y]) => ({
          x: FRAME.left + xAxis.place(Number(x)),
          y: FRAME.top + FRAME.height - yAxis.place(y),
        })),
      bars: [],
    })),
  }
}

function placeBars({ series }: Chart, yAxis: Axis): Placed {
  const groups = [...new Set(series.flatMap(({ points }) => points.map(([x]) => String(x))))]
  const groupWidth = FRAME.width / Math.max(1, groups.length)
  const barWidth = (groupWidth * GROUP_FILL) / Math.max(1, series.length)
  const groupLeft = (group: string) => FRAME.left + groups.indexOf(group) * groupWidth
  const inset = (groupWidth * (1 - GROUP_FILL)) / 2
  return {
    xTicks: groups.map((label) => ({ at: groupLeft(label) + groupWidth / 2, label })),
    series: series.map(({ name, points }, index) => ({
      ...legendOf(name, index),
      points: [],
      bars: points
        .filter(([, y]) => Number.isFinite(y))
        .map(([x, y]) => ({
          x: groupLeft(String(x)) + inset + index * barWidth,
          y: FRAME.top + FRAME.height - yAxis.place(y),
          width: barWidth,
          height: yAxis.place(y),
        })),
    })),
  }
}

function legendOf(name: string, index: number): Pick<PlacedSeries, 'name' | 'colorIndex' | 'legendTop'> {
  return { name, colorIndex: index % COLORS, legendTop: LEGEND.top + index * LEGEND.rowHeight }
}
