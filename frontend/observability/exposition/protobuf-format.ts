import type {
  HistogramPoint,
  HistogramReading,
  Labels,
  MetricFamily,
  NativeBuckets,
  SparseCounts,
  ValuePoint,
} from './family.ts'
import { ProtobufMessage } from './protobuf-message.ts'

/*
 * The protobuf exposition: `io.prometheus.client.MetricFamily` messages, each after its length. The numbers below
 * are the field numbers of metrics.proto. It is the only exposition that carries native histograms.
 */
const FAMILY = { name: 1, help: 2, type: 3, metric: 4 }
const TYPE = { counter: 0, gauge: 1, histogram: 4 }
const METRIC = { label: 1, gauge: 2, counter: 3, histogram: 7 }
const LABEL = { name: 1, value: 2 }
/** Of both Counter and Gauge. */
const VALUE = 1
const HISTOGRAM = { sampleCount: 1, sampleSum: 2, bucket: 3, schema: 5, zeroThreshold: 6, zeroCount: 7 }
const NEGATIVE = { span: 9, delta: 10 }
const POSITIVE = { span: 12, delta: 13 }
const BUCKET = { cumulativeCount: 1, upperBound: 2 }
const SPAN = { offset: 1, length: 2 }

/** The families as length-delimited protobuf messages. */
export function protobufFamilies(families: readonly MetricFamily[]): Uint8Array {
  return Buffer.concat(families.map((family) => familyMessage(family).delimited()))
}

function familyMessage(family: MetricFamily): ProtobufMessage {
  const message = new ProtobufMessage()
    .text(FAMILY.name, family.name)
    .text(FAMILY.help, family.help)
    .varint(FAMILY.type, TYPE[family.kind])
  if (family.kind === 'histogram') {
    for (const point of family.points) message.message(FAMILY.metric, histogramMetric(point))
  } else {
    for (const point of family.points) message.message(FAMILY.metric, valueMetric(point, METRIC[family.kind]))
  }
  return message
}

function valueMetric({ labels, value }: ValuePoint, field: number): ProtobufMessage {
  return labelledMetric(labels).message(field, new ProtobufMessage().double(VALUE, value))
}

function histogramMetric({ labels, histogram }: HistogramPoint): ProtobufMessage {
  return labelledMetric(labels).message(METRIC.histogram, histogramMessage(histogram))
}

function labelledMetric(labels: Labels): ProtobufMessage {
  const message = new ProtobufMessage()
  for (const [name, value] of labels) {
    message.message(METRIC.label, new ProtobufMessage().text(LABEL.name, name).text(LABEL.value, value))
  }
  return message
}

function histogramMessage({ count, sum, buckets, native }: HistogramReading): ProtobufMessage {
  const message = new ProtobufMessage().varint(HISTOGRAM.sampleCount, count).double(HISTOGRAM.sampleSum, sum)
  for (const { upperBound, cumulativeCount } of buckets) {
    const bucket = new ProtobufMessage()
      .varint(BUCKET.cumulativeCount, cumulativeCount)
      .double(BUCKET.upperBound, upperBound)
    message.message(HISTOGRAM.bucket, bucket)
  }
  if (native !== undefined) addNativeBuckets(message, native)
  return message
}

function addNativeBuckets(message: ProtobufMessage, native: NativeBuckets): void {
  const { schema, zeroThreshold, zeroCount, negative, positive } = native
  message
    .zigzag(HISTOGRAM.schema, schema)
    .double(HISTOGRAM.zeroThreshold, zeroThreshold)
    .varint(HISTOGRAM.zeroCount, zeroCount)
  addSparseCounts(message, negative, NEGATIVE)
  addSparseCounts(message, positive, POSITIVE)
}

/**
 * Runs of neighbouring buckets are spans: the first begins at its bucket's number, each later one so many empty
 * buckets after the end of the one before. Counts are written as differences from bucket to bucket.
 */
function addSparseCounts(
  message: ProtobufMessage,
  counts: SparseCounts,
  fields: { readonly span: number; readonly delta: number },
): void {
  for (const { offset, length } of spansOf(counts)) {
    message.message(
      fields.span,
      new ProtobufMessage().zigzag(SPAN.offset, offset).varint(SPAN.length, length),
    )
  }
  let before = 0
  for (const [, count] of counts) {
    message.zigzag(fields.delta, count - before)
    before = count
  }
}

function spansOf(counts: SparseCounts): { offset: number; length: number }[] {
  const spans: { offset: number; length: number }[] = []
  let next = 0
  for (const [index] of counts) {
    const last = spans.at(-1)
    if (last !== undefined && index === next) last.length++
    else spans.push({ offset: index - next, length: 1 })
    next = index + 1
  }
  return spans
}
