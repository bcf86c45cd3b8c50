import type { ExecutionProvider } from '../../worker/contract/messages.ts'
import type { Finding } from './finding.ts'
import { ok } from './finding.ts'
import { checkMachine } from './machine.ts'
import { checkNvidia } from './nvidia.ts'
import { checkProviderLibraries } from './provider-libraries.ts'
import { checkProviders } from './providers.ts'
import type { System } from './system.ts'
import { checkVulkan } from './vulkan.ts'

export type DoctorRequest = {
  /** Providers that must be usable. */
  readonly asked: readonly ExecutionProvider[]
  /** Where the server would keep its state; empty: not checked. */
  readonly stateDir: string
}

export type Diagnosis = {
  readonly findings: readonly Finding[]
  /** Whether Node.js, the runtime and every provider that was asked for are usable. */
  readonly isUsable: boolean
}

/** Looks at everything that a model needs to run on this machine. */
export async function examine(system: System, { asked, stateDir }: DoctorRequest): Promise<Diagnosis> {
  const [nvidia, libraries, providers] = await Promise.all([
    checkNvidia(system),
    checkProviderLibraries(system, asked),
    checkProviders(system, asked),
  ])
  const machine = checkMachine(system, stateDir)
  const runtime = ok('onnxruntime-node', `${system.runtimeVersion} in ${system.bindingDir}`)
  // A missing library of a GPU provider is a failure only for those who asked for it.
  const gpu = [...nvidia, ...libraries].map((finding) => (asksForCuda(asked) ? finding : softened(finding)))
  const findings = [...machine, runtime, ...gpu, ...checkVulkan(system), ...providers]
  return { findings, isUsable: [...machine, ...providers].every(({ status }) => status !== 'fail') }
}

function asksForCuda(asked: readonly ExecutionProvider[]): boolean {
  return asked.includes('cuda') || asked.includes('tensorrt')
}

function softened(finding: Finding): Finding {
  return finding.status === 'fail' ? { ...finding, status: 'warn' } : finding
}

const MARKS = { ok: 'ok  ', note: '-   ', warn: 'warn', fail: 'FAIL' } as const

/** For people: a line per finding, and below it what to do. */
export function diagnosisText({ findings, isUsable }: Diagnosis): string {
  const width = Math.max(...findings.map(({ check }) => check.length))
  const indent = ' '.repeat(width + 7)
  const lines = findings.flatMap(({ check, status, found, fix }) => [
    `${MARKS[status]}  ${check.padEnd(width)} ${found}`,
    ...(fix === undefined ? [] : [`${indent}fix: ${fix}`]),
  ])
  const verdict = isUsable
    ? 'usable: what was asked for runs here'
    : 'not usable: see the findings marked FAIL'
  return [...lines, '', verdict].join('\n')
}
