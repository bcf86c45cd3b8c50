import { messageOf } from '../contract/errors.ts'
import { EXECUTION_PROVIDERS } from '../contract/messages.ts'

/*
 * Answers questions that only onnxruntime-node can answer, for processes that must not load it:
 *
 *   main model <path>                        {"ok":true,"inputs":[…],"outputs":[…]} | {"ok":false,"error":"…"}
 *   main providers [cuda,webgpu,cpu]  {"providers":[{"provider":"cuda","usable":false,"reason":"…"},…]}
 *
 * The answer is the last line on standard output. The process ends itself by SIGKILL: the destructors that a
 * regular exit runs have crashed with several releases of the runtime.
 */

// Read when the runtime loads, hence before any import of it. GPU threads would inherit it too.
process.env['ORT_DISABLE_TELEMETRY'] = '1'

const [command, ...args] = process.argv.slice(2)
const answer = JSON.stringify(await answerTo(command, args))
process.stdout.write(`${answer}\n`, () => process.kill(process.pid, 'SIGKILL'))

async function answerTo(question: string | undefined, [first]: readonly string[]): Promise<unknown> {
  switch (question) {
    case 'model':
      return (await import('./probe-model.ts')).probeModel(first ?? '')
    case 'providers': {
      const { probeProviders } = await import('./probe-providers.ts')
      return { providers: await probeProviders(providersFrom(first)) }
    }
    case 'provider': {
      const { tryProvider } = await import('./try-provider.ts')
      const [provider = 'cpu'] = providersFrom(first)
      return tryProvider(provider).catch((error: unknown) => ({
        provider,
        usable: false,
        reason: messageOf(error),
      }))
    }
    default:
      return { ok: false, error: `unknown question '${question ?? ''}': ask 'model <path>' or 'providers'` }
  }
}

function providersFrom(list: string | undefined) {
  if (list === undefined) return [...EXECUTION_PROVIDERS]
  const names = list.split(',')
  return EXECUTION_PROVIDERS.filter((provider) => names.includes(provider))
}
