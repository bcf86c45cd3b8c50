import { join } from 'node:path'
import { createArchive } from '../archiver-cli/create-archive.ts'

/** Every folder of `examples/`, and how it is packed. Its README gives the same as a command. */
const EXAMPLES = [
  { modelName: 'digits', handler: 'image_classifier' },
  { modelName: 'iris', handler: join('examples', 'iris', 'handler.ts') },
]

/** Packs the examples into `modelStore`, over those of an earlier run. Runs at the root of the repository. */
async function packageExamples(modelStore: string): Promise<void> {
  for (const { modelName, handler } of EXAMPLES) {
    const folder = join('examples', modelName)
    const { path } = await createArchive({
      modelName,
      version: '1.0',
      serializedFile: join(folder, 'model.onnx'),
      handler,
      configFile: join(folder, 'model-config.yaml'),
      exportPath: modelStore,
      force: true,
    })
    console.log(`packed ${path}`)
  }
}

await packageExamples(process.argv[2] ?? 'model-store')
