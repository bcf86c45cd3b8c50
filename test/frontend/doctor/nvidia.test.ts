import assert from 'node:assert/strict'
import { checkNvidia } from '../../../frontend/doctor/nvidia.ts'
import { fakeSystem } from '../../support/fake-system.ts'

const QUERY = 'nvidia-smi --query-gpu=index,name,memory.total,driver_version --format=csv,noheader'

describe('checkNvidia', () => {
  it('takes the one device node of WSL 2', async () => {
    const programs = { [QUERY]: '0, NVIDIA RTX A2000, 4096 MiB, 551.61\n' }
    const findings = await checkNvidia(fakeSystem({ files: { '/dev/dxg': 0 }, programs }))
    assert.deepEqual(
      findings.map(({ check, status }) => `${check} ${status}`),
      ['NVIDIA driver ok', 'device nodes ok', 'GPUs ok'],
    )
  })
})
