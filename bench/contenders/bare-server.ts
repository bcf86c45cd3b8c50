import type { Contender } from './contender.ts'
import { startForkedServer } from './forked-server.ts'
import type { LoopWatch } from './loop-watch.ts'

export function startBareServer(modelPath: string, loopWatch?: LoopWatch): Promise<Contender> {
  const options = { args: [modelPath], ...(loopWatch === undefined ? {} : { loopWatch }) }
  return startForkedServer(new URL('./bare-server.main.ts', import.meta.url), options)
}
