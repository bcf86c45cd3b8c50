import { WIRE_DATA_TYPES, DATA_TYPES } from '../../../worker/contract/data-type.ts'
import { ANYTHING, type JsonSchema } from '../kernel/openapi/json-schema.ts'
import { component } from '../kernel/openapi/route-doc.ts'

const TEXT: JsonSchema = { type: 'string' }
const FLAG: JsonSchema = { type: 'boolean' }
const COUNT: JsonSchema = { type: 'integer', minimum: 0 }

const list = (items: JsonSchema): JsonSchema => ({ type: 'array', items })

/** An object with these members; those that may be missing end with `?`. Others may come. */
function object(members: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const names = Object.keys(members)
  return {
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name.replace('?', ''), members[name]])),
    required: names.filter((name) => !name.endsWith('?')),
  }
}

const PARAMETERS: JsonSchema = {
  type: 'object',
  additionalProperties: { anyOf: [{ type: 'string' }, { type: 'number' }, { type: 'boolean' }] },
}
/** Flat, or nested in any way; only the number of elements counts. */
const ELEMENTS: JsonSchema = list(ANYTHING)

/** What the routes of the protocol refer to, from its field tables. */
export const SCHEMAS = {
  OipError: object({ error: TEXT }),
  OipLive: object({ live: FLAG }),
  OipReady: object({ ready: FLAG, 'reason?': TEXT }),
  OipServer: object({ name: TEXT, version: TEXT, extensions: list(TEXT) }),
  OipModels: object({ models: list(TEXT) }),
  OipRegions: { type: 'array', maxItems: 0 },
  OipModelReady: object({ name: TEXT, ready: FLAG, 'reason?': TEXT }),
  OipModel: object({
    name: TEXT,
    versions: list(TEXT),
    platform: TEXT,
    inputs: list(component('OipTensorMetadata')),
    outputs: list(component('OipTensorMetadata')),
  }),
  OipTensorMetadata: object({
    name: TEXT,
    datatype: { enum: DATA_TYPES },
    shape: list({ type: 'integer', minimum: -1 }),
  }),
  OipInferRequest: object({
    'id?': TEXT,
    'parameters?': PARAMETERS,
    inputs: list(component('OipInput')),
    'outputs?': list(component('OipWantedOutput')),
  }),
  OipInput: object({
    name: TEXT,
    datatype: { enum: WIRE_DATA_TYPES },
    shape: list(COUNT),
    'parameters?': {
      ...PARAMETERS,
      properties: {
        binary_data_size: { ...COUNT, description: 'Bytes behind the JSON, instead of `data`.' },
      },
    },
    'data?': ELEMENTS,
  }),
  OipWantedOutput: object({
    name: TEXT,
    'parameters?': {
      ...PARAMETERS,
      properties: {
        binary_data: { ...FLAG, description: 'Whether its elements come as bytes behind the JSON.' },
        classification: { ...COUNT, description: 'How many of its largest values are wanted, as texts.' },
      },
    },
  }),
  OipInferResponse: object({
    'id?': TEXT,
    model_name: TEXT,
    model_version: TEXT,
    'parameters?': PARAMETERS,
    outputs: list(component('OipOutput')),
  }),
  OipOutput: object({
    name: TEXT,
    datatype: { enum: DATA_TYPES },
    shape: list(COUNT),
    'parameters?': { ...PARAMETERS, properties: { binary_data_size: COUNT } },
    'data?': ELEMENTS,
  }),
} as const satisfies Readonly<Record<string, JsonSchema>>
