import { modelName, path, pathList } from '../values.ts'
import { setting } from './setting.ts'

/** Models that are served from where they lie, without a model store. */
export const servedPathsSettings = {
  modelPaths: setting({
    property: 'model_paths',
    kind: pathList,
    default: [],
    doc: 'Models to serve from where they lie, as `onnxserve start <path>`: *.onnx, archives, folders of versions, directories of these. One that cannot be served ends the start.',
  }),
  modelName: setting({
    property: 'model_name',
    kind: modelName,
    default: '',
    doc: 'What the one model of `model_paths` is called; by default as its file, its directory or its configuration says.',
  }),
  modelVersion: setting({
    property: 'model_version',
    kind: modelName,
    default: '',
    doc: 'The version of the one graph of `model_paths`; by default the number of its directory, else 1.',
  }),
  terminationLog: setting({
    property: 'termination_log',
    kind: path,
    default: '/dev/termination-log',
    doc: 'File that gets one line of JSON when the server cannot start, if it exists: Kubernetes shows it to the user.',
  }),
} as const
