import type { Contender } from './contender.ts'
import { startForkedServer } from './forked-server.ts'

export function startCopyServer(): Promise<Contender> {
  return startForkedServer(new URL('./copy-server.main.ts', import.meta.url))
}
