import { ServingError } from '../../../worker/contract/errors.ts'
import type { ControlPlane } from '../../core/control-plane.ts'

export function reloadConfig(_: ControlPlane, __: unknown): object {
  throw new ServingError('unimplemented', 'a list of models cannot be applied over the network yet')
}
