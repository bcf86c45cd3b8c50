import { EXECUTION_PROVIDERS, type ExecutionProvider } from '../../worker/contract/messages.ts'
import { ServingError } from '../../worker/contract/errors.ts'
import { diagnosisText, examine } from './doctor.ts'
import { realSystem, type DoctorHost } from './real-system.ts'

export type DoctorOptions = {
  /** Names separated by commas. */
  readonly provider?: string
  readonly stateDir?: string
  readonly json?: boolean
}

/** `onnxserve doctor`. @returns what to print, and whether what was asked for is usable */
export async function doctorCommand(
  { provider = '', stateDir = '', json = false }: DoctorOptions,
  host: DoctorHost,
): Promise<{ readonly text: string; readonly isUsable: boolean }> {
  const asked = provider === '' ? [] : provider.split(',').map(providerNamed)
  const diagnosis = await examine(realSystem(host), { asked, stateDir })
  const text = json ? JSON.stringify(diagnosis, undefined, 2) : diagnosisText(diagnosis)
  return { text, isUsable: diagnosis.isUsable }
}

/** @throws ServingError `invalid_argument` */
function providerNamed(name: string): ExecutionProvider {
  const found = EXECUTION_PROVIDERS.find((each) => each === name.trim())
  if (found !== undefined) return found
  const message = `--provider has '${name}'; expected names of ${EXECUTION_PROVIDERS.join(', ')}, separated by commas`
  throw new ServingError('invalid_argument', message)
}
