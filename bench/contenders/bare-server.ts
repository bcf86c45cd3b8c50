import type { Contender } from './contender.ts'
import { startForkedServer } from './forked-server.ts'

export function startBareServer(modelPath: string): Promise<Contender> {
  return startForkedServer(new URL('./bare-server.main.ts', import.meta.url), [modelPath])
}
