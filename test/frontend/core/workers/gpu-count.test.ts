import assert from 'node:assert/strict'
import { listDirectory, visibleGpus } from '../../../../frontend/core/workers/gpu-count.ts'

const NODES = ['null', 'nvidia0', 'nvidia1', 'nvidia-uvm', 'nvidiactl', 'nvidia10']
const PCI = ['0000:65:00.0', '0000:b3:00.0']

const CASES: readonly {
  readonly it: string
  readonly directories: Readonly<Record<string, readonly string[]>>
  readonly visibleDevices?: string
  readonly gpus: number
}[] = [
  { it: 'counts the device nodes of GPUs', directories: { '/dev': NODES }, gpus: 3 },
  {
    it: 'believes the nodes of a container more than the list of the machine',
    directories: { '/dev': ['nvidia1'], '/proc/driver/nvidia/gpus': PCI },
    gpus: 1,
  },
  {
    it: 'counts what the driver lists where there are no nodes yet',
    directories: { '/proc/driver/nvidia/gpus': PCI },
    gpus: 2,
  },
  {
    it: 'counts only those that CUDA_VISIBLE_DEVICES leaves',
    directories: { '/dev': NODES },
    visibleDevices: '2,GPU-5e1f',
    gpus: 2,
  },
  {
    it: 'makes no more of them than there are',
    directories: { '/dev': ['nvidia0'] },
    visibleDevices: '0,1',
    gpus: 1,
  },
  { it: 'counts one where there is no trace of any', directories: {}, gpus: 1 },
  {
    it: 'counts one where all are hidden',
    directories: { '/dev': NODES },
    visibleDevices: '',
    gpus: 1,
  },
]

describe('visibleGpus', () => {
  for (const { it: claim, directories, visibleDevices, gpus } of CASES) {
    it(claim, () => {
      const list = (directory: string) => directories[directory] ?? []
      assert.equal(visibleGpus({ list, visibleDevices }), gpus)
    })
  }
})

describe('listDirectory', () => {
  it('is empty for a directory that is not there', () => {
    assert.deepEqual(listDirectory('/nonexistent/driver'), [])
  })
})
