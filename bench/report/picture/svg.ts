import type { Chart } from '../../suites/suite.ts'
import type { Tick } from './axis.ts'
import { FRAME, layoutOf, LEGEND, PICTURE, type PlacedSeries } from './layout.ts'

/** Told apart on white and on black, also by those who confuse red and green (after Okabe and Ito). */
const COLOR_VALUES = [
  ...['#0072b2', '#d55e00', '#009e73', '#cc79a7'],
  ...['#e69f00', '#56b4e9', '#8c6bb1', '#7f7f7f'],
]

const STYLE = [
  'text { font: 12px system-ui, sans-serif; fill: #24292f }',
  '.title { font-size: 15px; font-weight: 600 }',
  '.grid { stroke: #8c959f; stroke-opacity: 0.35 }',
  '.axis { stroke: #57606a; fill: none }',
  '@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .axis { stroke: #9198a1 } }',
].join('\n')

const BOTTOM = FRAME.top + FRAME.height
const RIGHT = FRAME.left + FRAME.width

/** The chart as a picture that a browser shows as it is, on a light page and on a dark one. */
export function svgOf(chart: Chart): string {
  const { title, xLabel, yLabel, xTicks, yTicks, series } = layoutOf(chart)
  const { width, height } = PICTURE
  const middle = { x: FRAME.left + FRAME.width / 2, y: FRAME.top + FRAME.height / 2 }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<style>\n${STYLE}\n</style>`,
    text({ x: FRAME.left, y: 26, className: 'title' }, title),
    ...yTicks.flatMap(yTickParts),
    ...xTicks.flatMap(xTickParts),
    `<path class="axis" d="M${FRAME.left} ${FRAME.top}V${BOTTOM}H${RIGHT}"/>`,
    text({ x: middle.x, y: height - 12, anchor: 'middle' }, xLabel),
    `<g transform="translate(18 ${middle.y}) rotate(-90)">${text({ x: 0, y: 0, anchor: 'middle' }, yLabel)}</g>`,
    ...series.flatMap(seriesParts),
    '</svg>',
    '',
  ].join('\n')
}

function yTickParts({ at, label }: Tick): string[] {
  return [
    `<path class="grid" d="M${FRAME.left} ${pixels(at)}H${RIGHT}"/>`,
    text({ x: FRAME.left - 8, y: at + 4, anchor: 'end' }, label),
  ]
}

function xTickParts({ at, label }: Tick): string[] {
  return [
    `<path class="axis" d="M${pixels(at)} ${BOTTOM}v5"/>`,
    text({ x: at, y: BOTTOM + 20, anchor: 'middle' }, label),
  ]
}

function seriesParts({ name, colorIndex, legendTop, points, bars }: PlacedSeries): string[] {
  const color = COLOR_VALUES[colorIndex] ?? '#7f7f7f'
  const line = points.map(({ x, y }) => `${pixels(x)},${pixels(y)}`).join(' ')
  return [
    ...(points.length < 2
      ? []
      : [`<polyline points="${line}" fill="none" stroke="${color}" stroke-width="2"/>`]),
    ...points.map(({ x, y }) => `<circle cx="${pixels(x)}" cy="${pixels(y)}" r="3.5" fill="${color}"/>`),
    ...bars.map((bar) => rectangle(bar, color)),
    rectangle({ x: LEGEND.left, y: legendTop, width: 12, height: 12 }, color),
    text({ x: LEGEND.left + 18, y: legendTop + 11 }, name),
  ]
}

type Rectangle = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

function rectangle({ x, y, width, height }: Rectangle, color: string): string {
  return `<rect x="${pixels(x)}" y="${pixels(y)}" width="${pixels(width)}" height="${pixels(height)}" fill="${color}"/>`
}

type Place = {
  readonly x: number
  readonly y: number
  readonly anchor?: 'middle' | 'end'
  readonly className?: string
}

function text({ x, y, anchor, className }: Place, content: string): string {
  const attributes = [
    ...(anchor === undefined ? [] : [` text-anchor="${anchor}"`]),
    ...(className === undefined ? [] : [` class="${className}"`]),
  ].join('')
  return `<text x="${pixels(x)}" y="${pixels(y)}"${attributes}>${escaped(content)}</text>`
}

function pixels(value: number): string {
  return String(Number(value.toFixed(1)))
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
