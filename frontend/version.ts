import { readFileSync } from 'node:fs'
import { isSource } from '../worker/contract/module-file.ts'

/** This package's version. Compiled files lie one directory deeper than their sources. */
export function packageVersion(): string {
  const path = isSource(import.meta.url) ? '../package.json' : '../../package.json'
  const { version } = JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8')) as { version: string } // our own file
  return version
}
