import { readFile } from 'node:fs/promises'

/** This package's version. Compiled files lie one directory deeper than their sources. */
export async function packageVersion(): Promise<string> {
  const path = import.meta.url.endsWith('.ts') ? '../package.json' : '../../package.json'
  const { version } = JSON.parse(await readFile(new URL(path, import.meta.url), 'utf8')) as {
    version: string
  } // our own file
  return version
}
