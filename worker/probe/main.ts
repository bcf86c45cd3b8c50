import { constants, setPriority } from 'node:os'
import { messageOf } from '../contract/errors.ts'
import { EXECUTION_PROVIDERS } from '../contract/messages.ts'
import type { PrepareRequest } from '../contract/preparation.ts'
import { loadedGpuLibraries } from './loaded-libraries.ts'

/*
 * Answers questions that only onnxruntime-node can answer, for processes that must not load it:
 *
 *   main model <path>                        {"ok":true,"inputs":[…],"outputs":[…]} | {"ok":false,"error":"…"}
 *   main prepare <request as JSON>           {"ok":true,"originalLoadMs":812,…} | {"ok":false,"error":"…"}
 *   main providers [cuda,webgpu,cpu]         {"providers":[{"provider":"cuda","usable":false,"reason":"…"},…]}
 *   main providers cuda libraries            the same, each with the GPU libraries that were loaded for it
 *
 * The answer is the last line on standard output. The process ends itself by SIGKILL: the destructors that a
 * regular exit runs have crashed with several releases of the runtime.
 */

// Read when the runtime loads, hence before any import of it. GPU threads would inherit it too.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

const TELLING = 'libraries'
const [command, ...args] = process.argv.slice(2)
const answer = JSON.stringify(await answerTo(command, args))
process.stdout.write(`${answer}\n`, () => process.kill(process.pid, 'SIGKILL'))

async function answerTo(question: string | undefined, [first, second]: readonly string[]): Promise<unknown> {
  switch (question) {
    case 'model':
      return (await import('./probe-model.ts')).probeModel(first ?? '')
    case 'prepare':
      return (await import('./prepare-graph.ts')).prepareGraph(prepareRequest(first))
    case 'providers': {
      const { probeProviders } = await import('./probe-providers.ts')
      return { providers: await probeProviders(providersFrom(first), { tellsLibraries: second === TELLING }) }
    }
    case 'provider': {
      const { tryProvider } = await import('./try-provider.ts')
      const [provider = 'cpu'] = providersFrom(first)
      const finding = await tryProvider(provider).catch((error: unknown) => ({
        provider,
        usable: false,
        reason: messageOf(error),
      }))
      return second === TELLING ? { ...finding, libraries: loadedGpuLibraries() } : finding
    }
    default:
      return { ok: false, error: `unknown question '${question ?? ''}': ask 'model <path>' or 'providers'` }
  }
}

/** Those that serve requests come first. */
function prepareRequest(json = ''): PrepareRequest {
  setPriority(constants.priority.PRIORITY_LOW)
  return JSON.parse(json) as PrepareRequest // of our own server
}

function providersFrom(list: string | undefined) {
  if (list === undefined) return [...EXECUTION_PROVIDERS]
  const names = list.split(',')
  return EXECUTION_PROVIDERS.filter((provider) => names.includes(provider))
}
