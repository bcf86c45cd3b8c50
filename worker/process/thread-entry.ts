import { threadEntryOf, type ThreadEntry } from '../contract/module-file.ts'

export function threadEntry(): ThreadEntry {
  return threadEntryOf(import.meta.url, '../thread/main.ts')
}
