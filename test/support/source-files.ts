import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const FOLDERS = ['client', 'frontend', 'worker', 'archiver-cli', 'scripts', 'bench', 'examples', 'test']

/** One of our TypeScript files and what it imports, types included. Paths are relative to the repository. */
export type SourceFile = {
  readonly path: string
  readonly text: string
  /** Our own files. */
  readonly imports: readonly string[]
  /** Names of packages, and of built-in modules with their `node:`. */
  readonly packages: readonly string[]
}

export function sourceFiles(): SourceFile[] {
  return FOLDERS.flatMap((folder) => filesIn(folder)).map(readSource)
}

function filesIn(folder: string): string[] {
  const entries = readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
  return entries
    .filter(
      (entry) => entry.isFile() && entry.name.endsWith('.ts') && !entry.parentPath.includes('node_modules'),
    )
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
}

function readSource(path: string): SourceFile {
  const text = readFileSync(join(ROOT, path), 'utf8')
  const specifiers = ts.preProcessFile(text).importedFiles.map((file) => file.fileName)
  const isOurs = (specifier: string) => specifier.startsWith('.')
  return {
    path,
    text,
    imports: specifiers.filter(isOurs).map((specifier) => join(dirname(path), specifier)),
    packages: specifiers.filter((specifier) => !isOurs(specifier)).map(packageName),
  }
}

function packageName(specifier: string): string {
  const [scopeOrName = '', name] = specifier.split('/')
  return specifier.startsWith('@') ? `${scopeOrName}/${name ?? ''}` : scopeOrName
}

/** The members of the global `process` that a file touches, as `process.env`; a local of that name is another thing. */
export function processMembers({ path, text }: SourceFile): string[] {
  const members: string[] = []
  const visit = (node: ts.Node): void => {
    if (bindsProcess(node)) return
    if (isProcessMember(node)) members.push(node.getText())
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true))
  return members
}

function isProcessMember(node: ts.Node): boolean {
  if (!ts.isPropertyAccessExpression(node) && !ts.isElementAccessExpression(node)) return false
  return ts.isIdentifier(node.expression) && node.expression.text === 'process'
}

/** Whether `process` means something else inside this function, loop or block. */
function bindsProcess(node: ts.Node): boolean {
  if (ts.isFunctionLike(node)) return node.parameters.some(({ name }) => namesProcess(name))
  if (ts.isForOfStatement(node)) return declaresProcess(node.initializer)
  return (
    ts.isBlock(node) &&
    node.statements.some((each) => ts.isVariableStatement(each) && declaresProcess(each.declarationList))
  )
}

function declaresProcess(node: ts.Node): boolean {
  return ts.isVariableDeclarationList(node) && node.declarations.some(({ name }) => namesProcess(name))
}

/** Also by destructuring. */
function namesProcess(name: ts.BindingName): boolean {
  return /\bprocess\b/.test(name.getText())
}

/** The import cycles, each as the list of files from one back to itself; one per file that closes a cycle. */
export function findCycles(files: readonly SourceFile[]): string[][] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (path: string, trail: readonly string[]): void => {
    if (trail.includes(path)) cycles.push([...trail.slice(trail.indexOf(path)), path])
    if (trail.includes(path) || done.has(path)) return
    for (const imported of byPath.get(path)?.imports ?? []) visit(imported, [...trail, path])
    done.add(path)
  }
  for (const { path } of files) visit(path, [])
  return cycles
}
