import { join } from 'node:path'
import { createArchive } from '../archiver-cli/create-archive.ts'

/** Every model of `examples/`, and how it is packed. The README of its folder gives the same as a command. */
const EXAMPLES: readonly Example[] = [
  { modelName: 'digits', handler: 'image_classifier' },
  { modelName: 'iris', handler: join('examples', 'iris', 'handler.ts') },
  { modelName: 'tickets', handler: 'text_classifier', extraFiles: ['tokenizer.json', 'index_to_name.json'] },
  { modelName: 'shapes-detector', folder: 'shapes', part: 'detector', handler: 'object_detector' },
  { modelName: 'shapes-segmenter', folder: 'shapes', part: 'segmenter', handler: 'image_segmenter' },
]

type Example = {
  readonly modelName: string
  readonly handler: string
  /** Default the model's name. */
  readonly folder?: string
  /** Of a folder with several models: the name of this one's graph and configuration. */
  readonly part?: string
  readonly extraFiles?: readonly string[]
}

/** Packs the examples into `modelStore`, over those of an earlier run. Runs at the root of the repository. */
async function packageExamples(modelStore: string): Promise<void> {
  for (const { modelName, handler, folder = modelName, part, extraFiles = [] } of EXAMPLES) {
    const source = (name: string) => join('examples', folder, name)
    const { path } = await createArchive({
      modelName,
      version: '1.0',
      serializedFile: source(`${part ?? 'model'}.onnx`),
      handler,
      configFile: source(`${part ?? 'model-config'}.yaml`),
      extraFiles: extraFiles.map(source),
      exportPath: modelStore,
      force: true,
    })
    console.log(`packed ${path}`)
  }
}

await packageExamples(process.argv[2] ?? 'model-store')
