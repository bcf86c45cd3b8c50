import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Peer } from './peers.ts'

const IMPORT_TIMEOUT_MS = 60_000

/** The Python that can run the peer, or why there is none. */
export type FoundPython = { readonly python: string } | { readonly reason: string }

/** That of the peer's own environment, which install.sh makes, else `PYTHON`, else `python3`. */
export function findPython({ name, modules }: Peer): FoundPython {
  const own = fileURLToPath(new URL(`./.venv/${name}/bin/python`, import.meta.url))
  const python = existsSync(own) ? own : (process.env['PYTHON'] ?? 'python3')
  try {
    execFileSync(python, ['-c', `import ${modules.join(', ')}`], {
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: IMPORT_TIMEOUT_MS,
    })
    return { python }
  } catch (error) {
    return { reason: `${lastLine(error)} (${python}); bench/peers/install.sh ${name} installs what it needs` }
  }
}

/** Python's own words where it got that far: `ModuleNotFoundError: No module named 'ray'`. */
function lastLine(error: unknown): string {
  const { stderr, message } = error as { stderr?: Buffer; message: string } // of execFileSync
  const lines = (stderr?.toString() ?? '').trim().split('\n')
  return lines.at(-1) || message
}
