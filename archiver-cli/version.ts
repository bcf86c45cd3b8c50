import { readFile } from 'node:fs/promises'
import { isSource } from '../worker/contract/module-file.ts'

/** This package's version. Compiled files lie one directory deeper than their sources. */
export async function packageVersion(): Promise<string> {
  const path = isSource(import.meta.url) ? '../package.json' : '../../package.json'
  const { version } = JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as {
    version: string
  } // our own file
  return version
}
