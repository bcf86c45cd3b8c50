import type { ChildProcess } from 'node:child_process'

/** A process without a channel to this one would outlive it when nobody closes it, after a failure say. */
export function endWithUs(child: ChildProcess): void {
  const kill = () => void child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
}
