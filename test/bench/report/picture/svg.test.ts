import assert from 'node:assert/strict'
import { FRAME, layoutOf, LEGEND, PICTURE } from '../../../../bench/report/picture/layout.ts'
import { svgOf } from '../../../../bench/report/picture/svg.ts'
import type { Chart } from '../../../../bench/suites/suite.ts'

const LINES: Chart = {
  title: 'Speed & <care>',
  kind: 'line',
  xLabel: 'connections',
  yLabel: 'requests per second',
  logX: true,
  series: [
    {
      name: 'ours',
      points: [
        [1, 1000],
        [10, 4000],
        [100, 5000],
      ],
    },
    {
      name: 'bare',
      points: [
        [1, 2000],
        [10, NaN],
        [100, 2500],
      ],
    },
  ],
}

const BARS: Chart = {
  title: 'Bars',
  kind: 'bar',
  xLabel: '',
  yLabel: 'ms',
  series: [
    {
      name: 'ours',
      points: [
        ['cold', 10],
        ['warm', 5],
      ],
    },
    { name: 'bare', points: [['warm', 2.5]] },
  ],
}

const BOTTOM = FRAME.top + FRAME.height
const rounded = (value: number) => Math.round(value)

describe('layout of a chart', () => {
  it('places the points of lines between the corners of the frame, and leaves out what has no value', () => {
    const [ours, bare] = layoutOf(LINES).series
    assert.deepEqual(
      ours?.points.map(({ x, y }) => [rounded(x), rounded(y)]),
      [
        [FRAME.left, BOTTOM - FRAME.height / 5],
        [FRAME.left + FRAME.width / 2, BOTTOM - (4 * FRAME.height) / 5],
        [FRAME.left + FRAME.width, FRAME.top],
      ].map((place) => place.map(rounded)),
    )
    assert.equal(bare?.points.length, 2)
  })

  it('puts bars of a group side by side, within it and on the ground', () => {
    const { series, xTicks } = layoutOf(BARS)
    const [coldOurs, warmOurs, warmBare] = series.flatMap(({ bars }) => bars)
    assert.ok(coldOurs !== undefined && warmOurs !== undefined && warmBare !== undefined)
    assert.deepEqual([coldOurs.height, warmOurs.height, warmBare.height].map(rounded), [292, 146, 73])
    for (const { y, height } of [coldOurs, warmOurs, warmBare]) assert.equal(rounded(y + height), BOTTOM)
    assert.equal(rounded(warmOurs.x + warmOurs.width), rounded(warmBare.x))
    const middle = FRAME.left + FRAME.width / 2
    assert.ok(coldOurs.x + coldOurs.width <= middle && warmOurs.x >= middle)
    assert.deepEqual(
      xTicks.map(({ at, label }) => [rounded(at), label]),
      [
        [rounded(FRAME.left + FRAME.width / 4), 'cold'],
        [rounded(FRAME.left + (3 * FRAME.width) / 4), 'warm'],
      ],
    )
  })

  it('keeps the rows of the legend apart, beside the frame and within the picture', () => {
    const tops = layoutOf(LINES).series.map(({ legendTop }) => legendTop)
    assert.deepEqual(tops, [LEGEND.top, LEGEND.top + LEGEND.rowHeight])
    assert.ok(LEGEND.left > FRAME.left + FRAME.width && LEGEND.left < PICTURE.width)
  })
})

describe('picture of a chart', () => {
  it('has a line and a dot per point, and a name for each series', () => {
    const svg = svgOf(LINES)
    assert.equal(svg.match(/<polyline/g)?.length, 2)
    assert.equal(svg.match(/<circle/g)?.length, 5)
    assert.match(svg, />ours<\/text>/)
    assert.match(svg, />bare<\/text>/)
  })

  it('escapes what is written by people', () => {
    const svg = svgOf(LINES)
    assert.match(svg, /Speed &amp; &lt;care&gt;/)
    assert.doesNotMatch(svg, /Speed & </)
  })

  it('has colors for a dark page too', () => assert.match(svgOf(BARS), /prefers-color-scheme: dark/))

  it('has no coordinate that is not a number', () => assert.doesNotMatch(svgOf(LINES) + svgOf(BARS), /NaN/))
})
