import { join } from 'node:path'
import { hasSoftwareVulkan, SOFTWARE_VULKAN_ENVIRONMENT } from '../../test/support/software-vulkan.ts'
import { modelDirectory } from '../../test/support/model-directory.ts'
import { median } from '../load/percentile.ts'
import { resnet } from '../models/resnet.ts'
import { writeModel } from '../models/write-model.ts'
import { acrossRounds, takeTurns } from '../rounds.ts'
import { jpeg } from './overlap/jpeg.ts'
import { measureOverlap, type OverlapRun } from './overlap/measure-overlap.ts'
import { measureWorker, startWorker, type WorkerRun } from './overlap/measure-worker.ts'
import { packImageModel } from './overlap/pack-image-model.ts'
import { CORE_SHAPE, FULL_PLAN, IMAGE_PIXELS, QUICK_PLAN, type Plan } from './overlap/plan.ts'
import type { BenchContext, ResultTable, Suite } from './suite.ts'

export const overlap: Suite = {
  name: 'overlap',
  about:
    'What it brings that a worker decodes the images of a batch while its device runs another: a small ResNet, JPEG images, with one batch in flight and with two.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const image = await jpeg(IMAGE_PIXELS)
    const core = await onOneCore(context, plan, image)
    const driver = hasSoftwareVulkan ? await onDriver(context, plan, image) : undefined
    const reason = 'there is no software Vulkan driver here; Debian’s package chromium brings one'
    return {
      settings: `JPEG images of ${IMAGE_PIXELS} × ${IMAGE_PIXELS} pixels, batches of up to ${plan.batchRows}; median of ${plan.repeats} runs of ${plan.measureMs / 1000} s, in turn`,
      tables: [coreTable(core), ...(driver === undefined ? [] : [driverTable(driver)])],
      charts: [],
      targets: [],
      ratios: {
        'images/s, two batches in flight ÷ one, a core as the device': ratio(
          core,
          (run) => run.imagesPerSecond,
        ),
        'device busy, two batches in flight ÷ one, a core as the device': ratio(core, (run) => run.busyShare),
      },
      skipped: driver === undefined ? [{ what: 'two batches in flight on WebGPU', reason }] : [],
    }
  },
}

/** The runs with one batch in flight, and with two. */
type Pair<Run> = { readonly one: readonly Run[]; readonly two: readonly Run[] }

/** A worker process by itself whose engine has one thread, which stands for a device beside the other cores. */
async function onOneCore(context: BenchContext, plan: Plan, image: Uint8Array): Promise<Pair<WorkerRun>> {
  const { directory: modelDir } = context
  const modelFile = 'image.onnx'
  writeModel(resnet({ shape: CORE_SHAPE }), { path: join(modelDir, modelFile) })
  const { spec, remove } = await modelDirectory({}, { handler: 'image_classifier', modelDir, modelFile })
  const workers = {
    one: await startWorker(spec),
    two: await startWorker({ ...spec, overlapsRuns: true }),
  }
  const measures = {
    one: () => measureWorker(workers.one, { image, ...plan, batchesInFlight: 1 }),
    two: () => measureWorker(workers.two, { image, ...plan, batchesInFlight: 2 }),
  }
  context.log('a core as the device')
  const runs = await takeTurns(measures, plan.repeats)
  await Promise.all([workers.one.kill(), workers.two.kill(), remove()])
  return runs
}

async function onDriver(context: BenchContext, plan: Plan, image: Buffer): Promise<Pair<OverlapRun>> {
  const headers = { 'content-type': 'image/jpeg' }
  return measureOverlap({
    stores: { one: await packImageModel(context, plan, 1), two: await packImageModel(context, plan, 2) },
    requests: [{ path: '/predictions/image', headers, body: image }],
    environment: SOFTWARE_VULKAN_ENVIRONMENT,
    plan,
    context,
  })
}

function of<Run>(runs: readonly Run[], pick: (run: Run) => number): number {
  return median(runs.map(pick))
}

function ratio<Run>({ one, two }: Pair<Run>, pick: (run: Run) => number): number {
  return acrossRounds(two, one, (overlapped, single) => pick(overlapped) / pick(single))
}

function percent(share: number): string {
  return `${Math.round(100 * share)} %`
}

function coreTable({ one, two }: Pair<WorkerRun>): ResultTable {
  const row = (name: string, runs: readonly WorkerRun[]) => [
    name,
    of(runs, (run) => run.imagesPerSecond),
    percent(of(runs, (run) => run.busyShare)),
  ]
  return {
    title: 'A worker process whose engine has one core, the others decode',
    columns: ['batches in flight', 'images/s', 'engine busy'],
    rows: [row('1', one), row('2', two)],
    note: 'One CPU core stands for the device. A GPU takes no core, and has more of them to be fed by.',
  }
}

function driverTable({ one, two }: Pair<OverlapRun>): ResultTable {
  const row = (name: string, runs: readonly OverlapRun[]) => [
    name,
    of(runs, (run) => run.requestsPerSecond),
    percent(of(runs, (run) => run.busyShare)),
    of(runs, (run) => run.batchRows),
    of(runs, (run) => run.p50Ms),
    of(runs, (run) => run.p99Ms),
  ]
  return {
    title: 'The server on WebGPU with a software driver',
    columns: ['batches in flight', 'images/s', 'device busy', 'rows per batch', 'p50 ms', 'p99 ms'],
    rows: [row('1', one), row('2', two)],
    note: 'The driver computes on the very cores that decode and serve: the figures show that it works, not what a GPU would do.',
  }
}
