import { PEERS } from '../peers/peers.ts'
import { benchModels } from './overhead/bench-models.ts'
import { measurePeers, type PeerResult } from './peers/measure-peers.ts'
import { FULL_PLAN, QUICK_PLAN } from './peers/plan.ts'
import { ratiosOf, tableOf, targetsOf } from './peers/report.ts'
import type { Skipped, Suite } from './suite.ts'

export const peers: Suite = {
  name: 'peers',
  about:
    'The same small models behind servers in Python that people use today, as far as they are installed: FastAPI with onnxruntime, LitServe, MLServer, BentoML, Ray Serve and TorchServe. JSON in and out.',
  run: async (context) => {
    const plan = context.quick ? QUICK_PLAN : FULL_PLAN
    const results: PeerResult[] = []
    const skipped: Skipped[] = []
    for (const model of benchModels().filter(({ name }) => plan.models.includes(name))) {
      const measured = await measurePeers(model, PEERS, { plan, context })
      results.push(...measured.results)
      skipped.push(...measured.skipped)
    }
    const { connections, rounds, measureMs } = plan
    return {
      settings: `${connections} connections, median of ${rounds} rounds in which OnnxServe and the peer have one run of ${measureMs / 1000} s each; the engine with one thread, every server with its default settings.`,
      tables: [tableOf(results)],
      charts: [],
      targets: targetsOf(results),
      ratios: ratiosOf(results),
      skipped,
    }
  },
}
