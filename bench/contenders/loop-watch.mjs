import { renameSync, writeFileSync } from 'node:fs'
import { createHistogram } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

/*
 * Loaded into a process that speaks HTTP (`--import`): measures how long its event loop stands still. At SIGUSR2 it
 * writes what it saw since the last one, as wall time and, of the longest, as processor time of the process: of a
 * machine that does something else too, only the smaller of the two is the server's.
 */

const NANOSECONDS = 1e6
const [tick = '', file = ''] = (process.env.BENCH_LOOP_WATCH ?? '').split(':')
const tickMs = Number(tick)

if (isMainThread && file !== '') {
  // Not for the processes that it starts: there is one file, and they have work to do.
  delete process.env.BENCH_LOOP_WATCH
  const delays = createHistogram()
  let [longestCpuMs, count] = [0, 0]
  let [last, lastCpu] = [performance.now(), cpuMs()]
  setInterval(() => {
    const [now, cpu] = [performance.now(), cpuMs()]
    const lateMs = Math.max(0, now - last - tickMs)
    // A histogram starts at 1.
    delays.record(Math.max(1, Math.round(lateMs * NANOSECONDS)))
    longestCpuMs = Math.max(longestCpuMs, Math.min(lateMs, cpu - lastCpu))
    ;[last, lastCpu] = [now, cpu]
  }, tickMs).unref()
  process.on('SIGUSR2', () => {
    count++
    const percentileMs = (percent) => (delays.count === 0 ? 0 : delays.percentile(percent) / NANOSECONDS)
    const seen = {
      count,
      p99Ms: percentileMs(99),
      p999Ms: percentileMs(99.9),
      longestMs: percentileMs(100),
      longestCpuMs,
    }
    writeFileSync(`${file}.new`, JSON.stringify(seen))
    renameSync(`${file}.new`, file)
    delays.reset()
    longestCpuMs = 0
  })
}

function cpuMs() {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
