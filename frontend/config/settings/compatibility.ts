import { choice } from '../values.ts'
import { setting } from './setting.ts'

/** Whose manners the server has. */
export const compatibilitySettings = {
  compatibility: setting({
    property: 'compatibility',
    kind: choice('strict', 'torchserve'),
    default: 'strict',
    doc: "Whose manners the TorchServe API has: strict and helpful, or exactly TorchServe's where it is merely odd.",
  }),
} as const
