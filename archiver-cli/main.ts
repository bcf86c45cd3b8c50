#!/usr/bin/env node
import { ServingError } from '../worker/contract/errors.ts'
import { runCli } from './cli.ts'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interruption.abort(new ServingError('cancelled', `stopped by ${signal}`)))
}
process.exitCode = await runCli(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  sourceDateEpoch: process.env['SOURCE_DATE_EPOCH'],
  signal: interruption.signal,
})
