import { isMainThread } from 'node:worker_threads'

/*
 * Loaded into the server's frontend process (`--import`): measures how long its event loop stands still. At SIGUSR2 it
 * prints the longest time since the last one, as wall time and as processor time of the process: of a machine that
 * does something else too, only the smaller of the two is the server's.
 */

const TICK_MS = 1

if (isMainThread) {
  let [longestMs, longestCpuMs, count] = [0, 0, 0]
  let [last, lastCpu] = [performance.now(), cpuMs()]
  setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()]
    longestMs = Math.max(longestMs, now - last - TICK_MS)
    longestCpuMs = Math.max(longestCpuMs, Math.min(now - last - TICK_MS, cpu - lastCpu))
    ;[last, lastCpu] = [now, cpu]
  }, TICK_MS).unref()
  process.on('SIGUSR2', () => {
    count++
    process.stdout.write(`loop-watch ${count}: ${longestMs.toFixed(1)} ${longestCpuMs.toFixed(1)}\n`)
    ;[longestMs, longestCpuMs] = [0, 0]
  })
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
