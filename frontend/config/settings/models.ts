import { modelSelection, path, toggle } from '../values.ts'
import { modelsJson } from '../models-json.ts'
import { setting } from './setting.ts'

/** Which models there are. */
export const modelsSettings = {
  modelStore: setting({
    property: 'model_store',
    kind: path,
    default: 'model-store',
    doc: 'Directory of the archives. What lies elsewhere is registered only if `allowed_urls` permits it.',
  }),
  loadModels: setting({
    property: 'load_models',
    kind: modelSelection,
    default: { kind: 'none' },
    doc: 'Archives to register at start, beside what the saved state restores.',
  }),
  declaredModels: setting({
    property: 'models',
    propertyAlias: 'model_snapshot',
    kind: modelsJson,
    default: [],
    doc: "Versions to register at start and how to run them, as TorchServe's JSON: model, version, `marName`, `minWorkers`, …",
  }),
  restore: setting({
    property: 'restore',
    kind: toggle,
    default: true,
    doc: 'Whether registrations outlive the server: true keeps them and brings them back; false (`--ncs`) does neither.',
  }),
  stateDir: setting({
    property: 'state_dir',
    kind: path,
    default: '',
    defaultText: '`.onnxserve` in the model store',
    doc: 'Where acknowledged registrations are kept; set it when the model store is read-only or shared.',
  }),
} as const
