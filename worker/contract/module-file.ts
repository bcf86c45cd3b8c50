import { fileURLToPath } from 'node:url'

/** Whether a module runs from its TypeScript source, and not compiled. @param url the module's `import.meta.url` */
export function isSource(url: string): boolean {
  return url.endsWith('.ts')
}

/**
 * The file of another module, to start a process or a thread by: the source or its compiled form, as `base` itself.
 *
 * @param base `import.meta.url` of the caller
 * @param path of the source, ending in `.ts`, from `base`
 */
export function moduleFile(base: string, path: string): string {
  return fileURLToPath(new URL(isSource(base) ? path : path.replace(/\.ts$/, '.js'), base))
}
