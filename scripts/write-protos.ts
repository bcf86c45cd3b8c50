import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PUBLISHED } from '../frontend/grpc/proto/definitions.ts'
import { protoFiles } from '../frontend/grpc/proto/proto-files.ts'

const DIRECTORY = 'proto'

/** Writes the `.proto` files of all services anew. Runs at the root of the repository. */
await rm(DIRECTORY, { recursive: true, force: true })
for (const [path, text] of protoFiles(PUBLISHED)) {
  const file = join(DIRECTORY, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
