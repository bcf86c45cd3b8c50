import type { ModelConfig } from '../model-config.ts'
import type { TritonConfig } from './model-config-schema.ts'
import { refused, type Note } from './refusals.ts'

type InstanceGroup = NonNullable<TritonConfig['instance_group']>[number]
type Instances = Pick<ModelConfig, 'minWorkers' | 'maxWorkers' | 'deviceType' | 'deviceIds'>

/** How many workers there are, and on what: an instance of Triton's is a worker. @throws ServingError `invalid_argument` */
export function instancesFrom({ instance_group: groups = [] }: TritonConfig, note: Note): Instances {
  if (groups.length === 0) return {}
  for (const group of groups) checkGroup(group, note)
  const workers = groups.reduce((sum, group) => sum + instancesOf(group), 0)
  const deviceIds = [...new Set(groups.flatMap(({ gpus = [] }) => gpus))].sort((a, b) => a - b)
  const deviceType = deviceTypeOf(groups)
  return {
    minWorkers: workers,
    maxWorkers: workers,
    ...(deviceType === undefined ? {} : { deviceType }),
    ...(deviceIds.length === 0 ? {} : { deviceIds }),
  }
}

/** The count is of each GPU that is named; 0 leaves it to the server, which takes one. */
function instancesOf({ count = 0, gpus = [] }: InstanceGroup): number {
  return Math.max(count, 1) * Math.max(gpus.length, 1)
}

function deviceTypeOf(groups: readonly InstanceGroup[]): 'cpu' | 'gpu' | undefined {
  const kinds = new Set(groups.map(({ kind = 'KIND_AUTO' }) => kind))
  if (kinds.has('KIND_CPU') && kinds.has('KIND_GPU')) {
    throw refused('instance_group asks for CPU and GPU; all workers of a version run on one kind of device')
  }
  return kinds.has('KIND_CPU') ? 'cpu' : kinds.has('KIND_GPU') ? 'gpu' : undefined
}

function checkGroup(group: InstanceGroup, note: Note): void {
  const {
    count = 0,
    kind = 'KIND_AUTO',
    gpus = [],
    passive = false,
    secondary_devices: secondary = [],
  } = group
  if (count < 0) throw refused(`instance_group has the count ${count}; expected at least 1`)
  if (kind === 'KIND_CPU' && gpus.length > 0) throw refused('an instance_group of KIND_CPU names gpus')
  if (gpus.some((id) => id < 0)) throw refused('an instance_group names a negative GPU')
  if (passive) throw refused('instance_group has passive instances, which no request would reach')
  if (secondary.length > 0) throw refused('instance_group has secondary_devices, which are not served')
  const idle = [
    group.rate_limiter === undefined ? [] : ['rate_limiter'],
    (group.profile ?? []).length === 0 ? [] : ['profile'],
    (group.host_policy ?? '') === '' ? [] : ['host_policy'],
  ].flat()
  for (const field of idle) note(`'${field}' of an instance_group has no effect here`)
}
