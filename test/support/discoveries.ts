import type { Discovery } from '../../archiver-cli/format/sources/found-model.ts'

/** Each version in a line; a star marks those that should be loaded. */
export function summary({ models }: Discovery): string[] {
  return models.flatMap(({ name, versions }) =>
    versions.map(
      ({ version, location, source, isAspired }) =>
        `${name} ${version}${isAspired ? '*' : ''} at ${location}${source.kind === 'graph' ? ` as ${source.file}` : ', an archive'}`,
    ),
  )
}
