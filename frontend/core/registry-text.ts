import type { RegistryState, VersionRecord } from './registry-state.ts'

type ModelRecord = RegistryState['models'][number]

/** A record is replaced, never changed: each becomes text once, however often the registry is written. */
const texts = new WeakMap<VersionRecord, string>()

/** The JSON text of a registry, as `JSON.stringify` would write it. */
export function registryText({ models }: RegistryState): string {
  return `{"models":[${models.map(modelText).join(',')}]}`
}

function modelText({ versions, ...model }: ModelRecord): string {
  return `${JSON.stringify(model).slice(0, -1)},"versions":[${versions.map(versionText).join(',')}]}`
}

function versionText(record: VersionRecord): string {
  const known = texts.get(record)
  if (known !== undefined) return known
  const text = JSON.stringify(record)
  texts.set(record, text)
  return text
}
