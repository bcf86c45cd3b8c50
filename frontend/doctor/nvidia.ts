import { fail, note, ok, warn, type Finding } from './finding.ts'
import type { System } from './system.ts'

const WINDOWS_NODE = '/dev/dxg'
const PERMISSION_FIX =
  "add this user to the group of the device nodes, or run the container with the GPU's nodes: docker run --gpus all …"

/** NVIDIA's driver and devices, by what it leaves in /dev and /proc and by nvidia-smi. */
export async function checkNvidia(system: System): Promise<Finding[]> {
  const nodes = system.list('/dev').filter((name) => /^nvidia\d+$/.test(name))
  const version = driverVersion(system)
  const query = await system.run('nvidia-smi', [
    '--query-gpu=index,name,memory.total,driver_version',
    '--format=csv,noheader',
  ])
  if (nodes.length === 0 && version === undefined && query === undefined) {
    return [note('NVIDIA driver', 'none: no /dev/nvidia*, no /proc/driver/nvidia, no nvidia-smi')]
  }
  return [
    ...checkDriver(version, query !== undefined),
    ...checkNodes(nodes, system),
    ...(await checkGpus(query, system)),
  ]
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.54.15  Tue …` */
function driverVersion(system: System): string | undefined {
  const text = system.read('/proc/driver/nvidia/version') ?? ''
  return /Kernel Module\s+(?:for \S+\s+)?([\d.]+)/.exec(text)?.[1]
}

function checkDriver(version: string | undefined, answers: boolean): Finding[] {
  if (version === undefined) {
    return answers
      ? [
          ok(
            'NVIDIA driver',
            'nvidia-smi answers; /proc/driver/nvidia/version is not there to say its version',
          ),
        ]
      : [
          fail(
            'NVIDIA driver',
            'there are device nodes, but no kernel module',
            'load or reinstall the driver: modprobe nvidia',
          ),
        ]
  }
  return [ok('NVIDIA driver', `${version}, read from /proc/driver/nvidia/version`)]
}

function checkNodes(nodes: readonly string[], system: System): Finding[] {
  // Below Windows (WSL 2) there is one node for all GPUs, and no kernel module of NVIDIA.
  if (nodes.length === 0 && system.stat(WINDOWS_NODE) !== undefined) {
    return [ok('device nodes', `${WINDOWS_NODE}, by which Windows lends its GPUs`)]
  }
  if (nodes.length === 0) {
    return [fail('device nodes', 'no /dev/nvidia0, though there is a driver', PERMISSION_FIX)]
  }
  const needed = [...nodes, 'nvidiactl', 'nvidia-uvm'].map((name) => `/dev/${name}`)
  const bad = needed.filter((path) => {
    const node = system.stat(path)
    return node === undefined || !node.isReadable || !node.isWritable
  })
  if (bad.length === 0) return [ok('device nodes', needed.join(', '))]
  return [
    fail('device nodes', `${bad.join(', ')} cannot be opened by this user, or are absent`, PERMISSION_FIX),
  ]
}

async function checkGpus(query: string | undefined, system: System): Promise<Finding[]> {
  if (query === undefined) {
    return [
      warn(
        'GPUs',
        'nvidia-smi is not there or fails',
        'install the programs of the driver; GPU metrics need nvidia-smi too',
      ),
    ]
  }
  const gpus = query
    .trim()
    .split('\n')
    .filter((line) => line !== '')
  const cuda = /CUDA Version:\s*([\d.]+)/.exec((await system.run('nvidia-smi', [])) ?? '')?.[1]
  const newest = cuda === undefined ? '' : `; the driver runs CUDA up to ${cuda}, as nvidia-smi says`
  return [ok('GPUs', `${gpus.join('; ')}${newest}`)]
}
