export type RunMember = {
  /** Members of different buckets never share a run. */
  readonly bucket: string
  readonly rows: number
}

/**
 * Groups members into engine runs: by bucket, in order, filling each run up to `maxRows`. Every member is in
 * exactly one run; one that is larger than `maxRows` by itself gets its own.
 *
 * @returns indexes of the members of each run.
 */
export function planRuns(members: readonly RunMember[], maxRows: number): number[][] {
  const runs: number[][] = []
  const open = new Map<string, { readonly run: number[]; rows: number }>()
  for (const [index, { bucket, rows }] of members.entries()) {
    const current = open.get(bucket)
    if (current !== undefined && current.rows + rows <= maxRows) {
      current.run.push(index)
      current.rows += rows
      continue
    }
    const run = [index]
    runs.push(run)
    open.set(bucket, { run, rows })
  }
  return runs
}
