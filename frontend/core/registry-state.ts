import { z } from 'zod'
import { modelConfigSchema } from '../../archiver-cli/format/model-config.ts'

/** Everything that a restart brings back. */
export const registryStateSchema = z.strictObject({
  models: z.array(
    z.strictObject({
      name: z.string(),
      defaultVersion: z.string(),
      /** Label → version. */
      labels: z.record(z.string(), z.string()).optional(),
      versions: z.array(
        z.strictObject({
          version: z.string(),
          archive: z.string(),
          digest: z.string(),
          handler: z.string().optional(),
          /** By which clients that know only integers name it; absent where its name is one. */
          integer: z.string().optional(),
          /** Settings of the registration and of scaling; the archive's own are read again from it. */
          settings: modelConfigSchema,
        }),
      ),
    }),
  ),
})

export type RegistryState = z.infer<typeof registryStateSchema>
export type VersionRecord = RegistryState['models'][number]['versions'][number]
