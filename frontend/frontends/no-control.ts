import { ServingError } from '../../worker/contract/errors.ts'
import type { ControlPlane } from '../core/control-plane.ts'

function notHere(): never {
  throw new ServingError('internal', 'models are changed by the primary process only')
}

/** What routes of inference never ask for, where all others are passed on. */
export const NO_CONTROL: ControlPlane = {
  register: notHere,
  scale: notHere,
  setDefault: notHere,
  setLabels: notHere,
  setLabel: notHere,
  removeLabel: notHere,
  labelsOf: notHere,
  unregister: notHere,
  index: notHere,
  load: notHere,
  unload: notHere,
  applyModelConfig: notHere,
  describe: notHere,
  list: notHere,
}
