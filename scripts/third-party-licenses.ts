import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The licenses of the packages that files are of, one after another, as those licenses want it of copies. */
export async function licensesOf(files: readonly string[]): Promise<string> {
  const directories = new Set(files.flatMap((file) => packageDirectory(file) ?? []))
  const texts = await Promise.all([...directories].sort().map(licenseText))
  return texts.join(`\n${'-'.repeat(80)}\n\n`)
}

/** `node_modules/a/node_modules/@b/c/lib/d.js` is of `node_modules/a/node_modules/@b/c`. */
function packageDirectory(file: string): string | undefined {
  return /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+/.exec(file)?.[0]
}

async function licenseText(directory: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(directory, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly version: string
    readonly license?: string
  } // what npm demands
  const names = (await readdir(directory)).filter((each) => /^(licen[cs]e|copying|notice)/i.test(each)).sort()
  const texts = await Promise.all(names.map((each) => readFile(join(directory, each), 'utf8')))
  return [`${name} ${version}`, `License: ${license ?? 'see below'}`, ...texts].join('\n\n')
}
