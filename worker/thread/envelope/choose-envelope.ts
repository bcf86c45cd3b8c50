import type { ServiceEnvelope } from '../../contract/messages.ts'
import type { ModelId } from '../../contract/model-id.ts'
import type { Envelope } from './envelope.ts'
import { InstancesEnvelope } from './instances.ts'
import { V2Envelope } from './v2.ts'

/** The envelope of a model; undefined where the handler sees requests as they are. */
export function envelopeOf(kind: ServiceEnvelope | undefined, model: ModelId): Envelope | undefined {
  switch (kind) {
    case 'json':
    case 'kserve':
      return new InstancesEnvelope(kind)
    case 'kservev2':
      return new V2Envelope(model)
    case 'body': // the records of TorchServe's style alone know it: see torchserve/records.ts
    case 'none':
    case undefined:
      return undefined
  }
}
